#pragma once
#include <string>
#include <string_view>

namespace larmor::audit {

/// Appends a key of a query, `StudyDate=20260102`, to `text`, with `&` between keys. The value
/// goes on record only where it names a study, series, instance or Patient ID, or no person at
/// all; that there was another is said. `key` is a keyword, a tag or a QIDO-RS parameter.
void append_query_key(std::string& text, std::string_view key, std::string_view value);

}  // namespace larmor::audit
