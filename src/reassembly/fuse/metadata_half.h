#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "dicom/tag.h"
#include "dicom/vr.h"

namespace larmor::reassembly::fuse {

/// The metadata of an instance: its data set without pixels, encoded, and what of the JSON is
/// in no data set but needed to put the pixels in. A value; its serialised form is the record
/// of the spool.
struct MetadataHalf {
    /// Explicit VR Little Endian; without (7FE0,0001), (7FE0,0002), (7FE0,0008), (7FE0,0009),
    /// (7FE0,0010) at the top level, and group lengths. Text is in the declared character set
    /// where that can hold it, else in ISO_IR 192.
    ByteBuffer data_set;
    std::uint64_t pixels_at = 0;  ///< in `data_set`, in bytes: where the pixels belong

    /// As (0002,0010) says, else (0008,3002), which then is not in `data_set`; empty where
    /// neither does.
    std::string transfer_syntax_uid;
    /// What the JSON has a member for: (7FE0,0010), (7FE0,0008) or (7FE0,0009).
    dicom::Tag pixel_tag{0x7fe0, 0x0010};
    bool names_pixels = false;        ///< it has one
    dicom::Vr pixel_vr{};             ///< that it gave; 0 where it gave none that is known
    bool names_offset_table = false;  ///< (7FE0,0001) is there

    /// Data elements whose BulkDataURI stands for something that is in neither half; they are
    /// empty in `data_set`. Those in items are named by their own tag.
    std::vector<dicom::Tag> unresolved;  ///< the first `kUnresolvedMax`
    std::uint32_t unresolved_count = 0;

    static constexpr std::size_t kUnresolvedMax = 16;
    friend bool operator==(const MetadataHalf&, const MetadataHalf&) = default;
};

struct MetadataOptions {
    std::uint64_t json_max_bytes = 1ULL << 28;  ///< unpacked
};

/// Reads a metadata member: one object of the DICOM JSON model, or an array of one, gzip'd or
/// not. Understands what pydicom and others write: group 0002 at the top, `US or SS` and
/// `OB or OW` as vr, none at all (then the dictionary's), numbers as strings. US or SS becomes
/// SS where Pixel Representation is 1. DS of more than 16 characters, which JSON numbers may
/// have, are shortened.
/// Errors: InvalidInput for what is no such JSON, with the JSON pointer; Conflict where it
/// holds pixels itself or more than one kind of them; LimitExceeded. Messages hold no values.
/// Source: PS3.18 annex F, PS3.5 section A.4.
Result<MetadataHalf> read_metadata(Bytes member, const MetadataOptions& options = {});

/// The record: docs/formats/reassembly_record.md.
ByteBuffer encode(const MetadataHalf& half);
/// Errors: Corrupt for bytes that `encode` has not made, as far as the form shows it: every
/// field is checked, the data set is walked once.
Result<MetadataHalf> decode(Bytes record);

}  // namespace larmor::reassembly::fuse
