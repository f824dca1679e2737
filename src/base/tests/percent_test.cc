#include "base/percent.h"

namespace larmor {
namespace {

TEST(Percent, DecodesWhatItEncodes) {
    const std::string text = "a b/\xc3\xa9?&=%+";
    EXPECT_EQ(percent_encode(text), "a%20b%2F%C3%A9%3F%26%3D%25%2B");
    EXPECT_EQ(percent_decode(percent_encode(text)).value(), text);
    EXPECT_EQ(percent_decode("a+b", PlusIsSpace::Yes).value(), "a b");
    EXPECT_EQ(percent_decode("a+b").value(), "a+b");
}

TEST(Percent, RefusesCutEscapesAndNul) {
    for (const char* bad : {"%", "%2", "%zz", "a%00b"})
        EXPECT_FALSE(percent_decode(bad)) << bad;
}

}  // namespace
}  // namespace larmor
