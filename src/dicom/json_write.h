#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "dicom/reader.h"

namespace larmor::dicom {

/// One step into a sequence: item `item` (from 0) of `sequence`.
struct ItemStep {
    Tag sequence;
    std::uint32_t item = 0;
};

/// A value that goes out by URI instead of inline.
struct BulkValue {
    std::span<const ItemStep> path;  ///< empty at the top level
    Tag tag;
    Vr vr = vr::UN;
    std::size_t offset = 0;     ///< of the value, in bytes from the start of the data set
    Bytes value;                ///< as stored; for fragments everything up to the delimiter
    bool encapsulated = false;  ///< `value` is fragments with their item headers
};

/// Appends to `out` the URI under which `value` can be had: percent-encoded ASCII without
/// quotes (it is not escaped again).
using BulkDataUri = std::function<void(std::string& out, const BulkValue& value)>;

/// `<base>/bulkdata/7FE00010`, in sequences `<base>/bulkdata/00080008/0/00091010`.
BulkDataUri bulk_data_uri_under(std::string base);
/// `00080008/0/00091010`: the part behind `/bulkdata/`.
void append_bulk_data_path(std::string& out, const BulkValue& value);

struct JsonWriteOptions {
    /// Where Pixel Data, Float and Double Float Pixel Data (in items too), and other binary
    /// values (OB OD OF OL OV OW UN) over `inline_max_bytes` go. Without it native values are
    /// InlineBinary, and fragments, which have no inline form (PS3.18 section F.2.7 wants the
    /// Value Field), an element without value.
    BulkDataUri bulk_data_uri = nullptr;
    std::size_t inline_max_bytes = 1024;

    /// Text goes out as UTF-8, so a stored character set would mislead whoever writes the text
    /// into a data set again: (0008,0005) is reported as ISO_IR 192, and added at the top where
    /// text beyond ASCII was read without one. AsStored keeps its values (PS3.18 section F.2.2
    /// note 3 since 2025).
    enum class CharacterSetElement : bool { IsoIr192, AsStored };
    CharacterSetElement character_set_element = CharacterSetElement::IsoIr192;

    /// A value in VR UN whose VR is known here goes out in that one; AsStored leaves it UN, so
    /// that the data set that is read from the JSON has the same VRs.
    enum class UnknownVr : bool { Resolved, AsStored };
    UnknownVr unknown_vr = UnknownVr::Resolved;

    unsigned depth_max = 64;
};

/// Appends `data_set` (no file meta information, not deflated) to `out` as one object of the
/// DICOM JSON model: one pass from the bytes into `out`, without a tree.
/// - Tags ascend; of a repeated tag the last one counts (rare data sets that need this cost a
///   second pass). Group lengths and group 0002 are left out.
/// - DS and IS are numbers with the digits as stored; what is no number (or no finite one, or
/// an
///   IS with a fraction, or over 18 digits) is a string, as table F.2.3-1 allows. FL and FD are
///   the shortest digits that read back equal; NaN and infinities are the strings `NaN`,
///   `Infinity`,
///   `-Infinity`.
/// - An empty value among others is null, an empty element has no Value, an empty item is {}.
/// - Binary is little endian whatever the data set is. UN of unknown content is InlineBinary.
/// Errors: those of Reader; then `out` is as it was before.
/// Source: PS3.18 annex F.
Result<void> write_json(std::string& out, Bytes data_set, Encoding encoding,
                        const JsonWriteOptions& options = {});

}  // namespace larmor::dicom
