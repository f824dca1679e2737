#include "base/xml_text.h"

namespace larmor {
namespace {

std::string xml(std::string_view text) {
    std::string out = "|";
    append_xml_text(out, text);
    return out.substr(1);
}

TEST(XmlText, MarkupBecomesEntities) {
    EXPECT_EQ(xml("a<b> & \"c\" 'd'"), "a&lt;b&gt; &amp; &quot;c&quot; &apos;d&apos;");
    EXPECT_EQ(xml("M\u00f8ller \u5c71"), "M\u00f8ller \u5c71");
    EXPECT_EQ(xml("]]>"), "]]&gt;");
    EXPECT_EQ(xml(""), "");
}

// Extensible Markup Language 1.0, section 2.2.
TEST(XmlText, WhatXmlCannotHoldIsReplaced) {
    EXPECT_EQ(xml("a\tb\nc\rd"), "a&#9;b&#10;c&#13;d");
    EXPECT_EQ(xml(std::string_view("a\0\x01\x1f", 4)), "a\ufffd\ufffd\ufffd");
    EXPECT_EQ(xml("\uffff\ufffe\ufffd"), "\ufffd\ufffd\ufffd");
    EXPECT_EQ(xml("\xef\xbf"), "\xef\xbf") << "a cut character is not ours to judge";
}

}  // namespace
}  // namespace larmor
