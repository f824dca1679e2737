#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/dicomweb/field_selection.h"
#include "base/result.h"
#include "catalog/query.h"

namespace larmor::api {

/// What a search asks for. Source: PS3.18 sections 8.3.4 and 10.6.1.2.
struct SearchRequest {
    std::vector<catalog::Condition>
        conditions;  ///< without universal ones (`PatientName=`, `*`)
    /// Attributes beyond the usual ones of the level (PS3.18 tables 10.6.3-3 to -5): those that
    /// the catalog has, and
    std::vector<catalog::Attribute> include;
    /// those that stand in the metadata of instances.
    FieldSelection fields;
    bool include_all = false;
    std::uint64_t offset = 0;
    std::optional<std::uint64_t> limit;
    std::string accept;  ///< the query parameter `accept` (PS3.18 section 8.3.3.1)
    /// What was asked for and is not done, in words for Warning headers (PS3.18 section 8.3.1:
    /// unsupported parameters are ignored, and a warning says so). Only printable ASCII
    /// without quotes.
    std::vector<std::string> warnings;
};

/// Reads the part of a URL after `?`, still encoded. Attributes are keywords or tags of 8
/// hexadecimal digits, joined with `.` inside sequences. Those of a level below the search's
/// are not returned (PS3.18 section 10.6.3.3); a warning says so, as of unknown ones.
/// Errors: InvalidInput for a wrong escape, text that is not UTF-8, a number, boolean, UID,
/// date or time that is none, an attribute given twice, `all` beside other fields;
/// LimitExceeded over 256 parameters. Values are not repeated in messages: they can be a
/// patient's.
Result<SearchRequest> parse_search_request(std::string_view query, catalog::Level level);

}  // namespace larmor::api
