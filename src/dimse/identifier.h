#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "catalog/attribute_value.h"
#include "catalog/query.h"
#include "dicom/tag.h"
#include "dicom/transfer_syntax.h"
#include "dicom/vr.h"

namespace larmor::dimse {

/// Query/Retrieve Level (0008,0052).
enum class QueryLevel : std::uint8_t { Patient, Study, Series, Image };

/// A key that a peer wants back, known to the catalog or not.
struct RequestedKey {
    dicom::Tag tag;
    dicom::Vr vr = dicom::vr::UN;
    std::optional<catalog::Attribute> attribute;
    std::vector<RequestedKey> item;  ///< of a sequence
};

/// What a C-FIND, C-MOVE or C-GET asks for.
struct Identifier {
    QueryLevel level = QueryLevel::Study;
    std::vector<catalog::Condition> conditions;
    std::vector<RequestedKey> keys;  ///< by tag
    std::string query;  ///< keys with values, for the audit trail: audit::append_query_key
    /// A key has a value that is not matched: it is unknown, or belongs to a lower level.
    bool ignores_a_key = false;
};

/// An identifier may have so many bytes: 1,000 UIDs and more.
inline constexpr std::size_t kIdentifierMaxBytes = std::size_t{256} << 10;

/// Reads the data set of a query: matching keys become conditions as QIDO-RS has them. Errors:
/// those of dicom::Reader; InvalidInput for a level that the SOP class (`sop_class::...`) does
/// not have, and for values that are none. Source: PS3.4 sections C.2.2, C.6.
Result<Identifier> parse_identifier(Bytes data_set, dicom::Encoding encoding,
                                    std::string_view sop_class_uid);

/// Of a retrieval, whose keys are unique ones: true when that of the level is there (PS3.4
/// section C.4.2.1.4.1), so that nobody asks for the whole archive by an empty key.
bool names_what_to_retrieve(const Identifier& identifier);

/// One match: the keys that were asked for, in UTF-8, empty where there is nothing to say; the
/// UIDs down to the level; who to retrieve it from.
ByteBuffer encode_match(const Identifier& identifier, const catalog::ResultRow& row,
                        const std::string& ae_title, dicom::Encoding encoding);

}  // namespace larmor::dimse
