#include "base/base64.h"

namespace larmor {
namespace {

// The vectors of RFC 4648 section 10.
TEST(Base64, WritesAndReadsTheVectorsOfTheRfc) {
    const std::pair<std::string, std::string> vectors[] = {{"", ""},
                                                           {"f", "Zg=="},
                                                           {"fo", "Zm8="},
                                                           {"foo", "Zm9v"},
                                                           {"foob", "Zm9vYg=="},
                                                           {"fooba", "Zm9vYmE="},
                                                           {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : vectors) {
        EXPECT_EQ(to_base64(as_bytes(plain)), encoded);
        const auto decoded = from_base64(encoded);
        ASSERT_TRUE(decoded) << encoded;
        EXPECT_EQ(as_text(*decoded), plain);
    }
}

// Python: base64.b64encode(bytes(range(256))): every character, and the wide steps.
TEST(Base64, WritesAllBytesAtOnce) {
    std::string all;
    for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
    EXPECT_EQ(to_base64(as_bytes(all)),
              "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4"
              "OTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3Bx"
              "cnN0dXZ3eHl6e3x9fn+AgYKDhIWGh4iJiouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmq"
              "q6ytrq+wsbKztLW2t7i5uru8vb6/wMHCw8TFxsfIycrLzM3Oz9DR0tPU1dbX2Nna29zd3t/g4eLj"
              "5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/w==");
}

TEST(Base64, ReadsBackAnyLength) {
    std::string text;
    for (int size = 0; size < 100; ++size) {
        const auto decoded = from_base64(to_base64(as_bytes(text)));
        ASSERT_TRUE(decoded) << size;
        EXPECT_EQ(as_text(*decoded), text);
        text += static_cast<char>(size * 37);
    }
}

TEST(Base64, RefusesEveryForeignCharacterAtEveryPlaceAndSaysWhere) {
    const std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const std::string text(alphabet.substr(0, 40));
    for (std::size_t at = 0; at < text.size(); ++at) {
        for (int code = 0; code < 256; ++code) {
            auto changed = text;
            changed[at] = static_cast<char>(code);
            const bool is_padding = changed[at] == '=' && at + 1 == text.size();
            const bool is_good = is_padding || alphabet.find(changed[at]) != std::string::npos;
            const auto decoded = from_base64(changed);
            ASSERT_EQ(decoded.has_value(), is_good) << at << ' ' << code;
            if (is_good) continue;
            EXPECT_NE(decoded.error().message.find(std::to_string(at)), std::string::npos)
                << decoded.error().message;
        }
    }
}

TEST(Base64, RefusesWhatIsCutOrForeign) {
    for (const char* text : {"Z", "Zg", "Zg=", "Z===", "====", "Zm9v!A==", "Zg==Zg=="}) {
        EXPECT_FALSE(from_base64(text)) << text;
    }
}

TEST(Base64, UrlFormHasNoPaddingAndNoSlash) {
    const std::array<std::byte, 4> bytes{std::byte{0xfb}, std::byte{0xff}, std::byte{0xfe},
                                         std::byte{1}};
    EXPECT_EQ(to_base64url(bytes), "-__-AQ");
}

}  // namespace
}  // namespace larmor
