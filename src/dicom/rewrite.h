#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "dicom/file.h"
#include "dicom/reader.h"

namespace larmor::dicom {

enum class Preserve : bool { No, Yes };

/// Copies `data_set` in another encoding into `out`.
/// Preserve::Yes keeps length forms, group lengths, odd lengths and unknown VRs: for the same
/// encoding the result equals the input byte for byte. Group lengths are left out where the
/// encoding changes (PS3.5 section 7.2 makes them optional).
/// Preserve::No writes sequences and items with undefined length, pads odd values, and leaves
/// group lengths out: two data sets that differ in form only become equal bytes, most surely
/// with Implicit Little as target, where no VR is written. Big Endian values are swapped by
/// their VR. A UN sequence of undefined length becomes SQ, unless preserved in the same
/// encoding; other UN stays UN, and so does the VR of a value that is longer than its VR can
/// say. In Implicit VR a data element whose VR contradicts the dictionary reads back as
/// something else, that is nobody's fault but its maker's. Group 0002 at the top level belongs
/// to a file, not to a data set (PS3.10 section 7.1): it is kept only where everything is.
/// Errors: those of Reader; Unsupported for Big Endian as target, and for fragments in Implicit
/// VR whose tag the dictionary does not know as pixels.
Result<void> rewrite(Bytes data_set, Encoding from, Encoding to, Preserve preserve,
                     ByteBuffer& out);

/// What file meta information says beyond what is in the data set.
struct FileMeta {
    std::string media_storage_sop_class_uid;
    std::string media_storage_sop_instance_uid;
    std::string transfer_syntax_uid;
    std::string source_application_entity_title;  ///< left out where empty
};

/// The preamble (128 NUL), "DICM" and group 0002 with version 00\01, our implementation class
/// UID and version name LARMOR_0_1, and a correct group length. Source: PS3.10 section 7.1.
void write_file_meta(const FileMeta& meta, ByteBuffer& out);

/// Swaps the bytes of each value in place, in units of the VR (2, 4 or 8 bytes; AT in 2).
/// A last incomplete unit stays as it is. Source: PS3.5 section 7.3.
void swap_value(Vr vr, std::span<std::byte> value);

/// A whole file in the encoding of `transfer_syntax_uid`: preamble and meta group are made anew
/// (from the old meta group, else from SOP Class UID and SOP Instance UID of the data set), or
/// kept as they are where Preserve::Yes meets the same transfer syntax. Pixel Data is copied,
/// never transcoded: Unsupported when the two syntaxes differ in more than VR form and byte
/// order, or when the target is Deflated or Big Endian and not the source's own.
Result<ByteBuffer> rewrite_file(const File& file, std::string_view transfer_syntax_uid,
                                Preserve preserve);

}  // namespace larmor::dicom
