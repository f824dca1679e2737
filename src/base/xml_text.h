#pragma once
#include <string>
#include <string_view>

namespace larmor {

/// Appends UTF-8 `text` as the content of an element or a quoted attribute: the five characters
/// of markup become entities, line ends and tabs character references (a parser would turn them
/// into blanks in attributes), and what XML 1.0 can't hold at all U+FFFD. Source: Extensible
/// Markup Language 1.0, fifth edition, sections 2.2 and 2.4.
void append_xml_text(std::string& out, std::string_view text);

}  // namespace larmor
