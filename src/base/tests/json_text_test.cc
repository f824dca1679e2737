#include "base/json_text.h"

namespace larmor {
namespace {

TEST(JsonString, EscapesWhatTheRfcAsksFor) {
    EXPECT_EQ(to_json_string("a\"b\\c\n\x01\x1f/\xc3\xa9"),
              "\"a\\\"b\\\\c\\n\\u0001\\u001f/\xc3\xa9\"");
}

TEST(Utf8, RefusesOverlongCutAndSurrogates) {
    EXPECT_TRUE(is_utf8("plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"));
    for (const char* bad : {"\x80", "\xc0\xaf", "\xc3", "\xe0\x80\xaf", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\xff"}) {
        EXPECT_FALSE(is_utf8(bad));
    }
}

}  // namespace
}  // namespace larmor
