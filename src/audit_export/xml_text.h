#pragma once
#include <string>
#include <string_view>

namespace larmor::audit_export {

/// Appends `value` (UTF-8) so that it may stand between tags and in attributes. What XML 1.0
/// does not allow even escaped (section 2.2: control characters, U+FFFE, U+FFFF) becomes a
/// space.
void append_text(std::string& out, std::string_view value);
/// Appends ` name="value"`.
void append_attribute(std::string& out, std::string_view name, std::string_view value);

}  // namespace larmor::audit_export
