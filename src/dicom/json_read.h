#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "dicom/tag.h"
#include "dicom/vr.h"

namespace larmor::dicom {

/// What a BulkDataURI stands for.
struct BulkData {
    ByteBuffer value;           ///< the Value Field, little endian
    bool encapsulated = false;  ///< fragments with item headers, without the last delimiter
};
/// Where a BulkDataURI stands.
struct BulkDataReference {
    std::string_view uri;
    Tag tag;
    Vr vr = vr::UN;
    unsigned depth = 0;  ///< 0 at the top level, 1 in the items of a top-level sequence
};
/// Fetches the value behind the URI. An error ends the reading.
using ResolveBulkData = std::function<Result<BulkData>(const BulkDataReference& reference)>;

struct JsonReadOptions {
    /// Without it a BulkDataURI is an error.
    ResolveBulkData bulk_data = nullptr;
    /// DS may have 16 bytes, JSON numbers have more (0.30000000000000004). Keep stores the
    /// digits as given, so that nothing changes on the way from DICOM to JSON and back; Shorten
    /// rounds.
    enum class LongDecimals : bool { Keep, Shorten };
    LongDecimals long_decimals = LongDecimals::Keep;

    /// AsDeclared keeps the values that JSON has for (0008,0005), although the text is UTF-8:
    /// for who encodes it by them afterwards.
    enum class CharacterSetElement : bool { IsoIr192, AsDeclared };
    CharacterSetElement character_set_element = CharacterSetElement::IsoIr192;

    /// Gives the VR where `vr` is missing (then `letters` is empty) or none of the standard's,
    /// as `US or SS`; without it, and where it gives none, that is an error.
    std::function<std::optional<Vr>(Tag tag, std::string_view letters)> other_vr = nullptr;
    /// Is told the values of group 0002 at the top level, which are no part of the data set.
    /// They live as long as the call.
    std::function<void(Tag tag, Bytes value)> file_meta = nullptr;

    unsigned depth_max = 64;
    std::size_t json_max_bytes = std::size_t{1} << 30;
    std::size_t data_set_max_bytes = std::size_t{1} << 32;
};

/// Reads one object of the DICOM JSON model into a data set in Explicit VR Little Endian, tags
/// sorted, sequences and items of defined length, text as UTF-8 with (0008,0005) ISO_IR 192
/// where there is text beyond ASCII or JSON had that attribute with a value.
/// Takes what others write: numbers as strings, strings as PN, InlineBinary and BulkDataURI in
/// an array, keys in any order. Group lengths and group 0002 are left out.
/// A value too long for its VR's length field is stored as UN (PS3.5 section 6.2.2).
/// Errors, each with the JSON pointer (RFC 6901): InvalidInput for what is no JSON or no DICOM
/// JSON model (unknown members, a key that is no tag, a repeated tag, a VR that the standard
/// does not have, a number that its VR cannot hold, characters outside of Latin-1 in VRs of the
/// default repertoire, more than one of Value, InlineBinary and BulkDataURI); LimitExceeded;
/// and what `bulk_data` returned. Source: PS3.18 annex F.
Result<ByteBuffer> read_json(std::string_view json, const JsonReadOptions& options = {});

/// The same for an array of such objects (STOW-RS metadata, PS3.18 section 10.5.1); a single
/// object counts as an array of one.
Result<std::vector<ByteBuffer>> read_json_array(std::string_view json,
                                                const JsonReadOptions& options = {});

/// The objects of such an array as they stand in `json`, to be read one by one, so that what is
/// wrong with one costs that one. Errors: InvalidInput for what is no JSON array (or object) of
/// objects, as far as the brackets show it; LimitExceeded over `objects_max`.
Result<std::vector<std::string_view>> split_json_array(std::string_view json,
                                                       std::size_t objects_max = 100'000);

}  // namespace larmor::dicom
