#include "base/json_text.h"

namespace larmor {
namespace {

TEST(JsonString, EscapesWhatTheRfcAsksFor) {
    EXPECT_EQ(to_json_string("a\"b\\c\n\x01\x1f/\xc3\xa9"),
              "\"a\\\"b\\\\c\\n\\u0001\\u001f/\xc3\xa9\"");
}

TEST(JsonString, EscapesWhereverAByteStandsAmongOthers) {
    for (std::size_t size = 1; size <= 20; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            std::string text(size, '\x7f');
            text.back() = '\xff';
            const auto around = [&](std::string_view written) {
                return '"' + text.substr(0, at) + std::string(written) + text.substr(at + 1) +
                       '"';
            };
            for (const auto& [byte, written] :
                 {std::pair{'"', "\\\""}, std::pair{'\\', "\\\\"}, std::pair{'\0', "\\u0000"},
                  std::pair{'\x1f', "\\u001f"}, std::pair{' ', " "}, std::pair{'#', "#"},
                  std::pair{'\x80', "\x80"}}) {
                std::string one = text;
                one[at] = byte;
                EXPECT_EQ(to_json_string(one), around(written)) << size << ", " << at;
            }
        }
    }
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
