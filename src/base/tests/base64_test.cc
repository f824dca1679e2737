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
