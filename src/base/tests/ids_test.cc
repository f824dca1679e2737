#include "base/ids.h"

#include <set>

namespace larmor {
namespace {

TEST(Ids, HaveTheirFormAndDoNotRepeat) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(random_id());
    EXPECT_EQ(seen.size(), 1000U);
    EXPECT_THAT(*seen.begin(), testing::MatchesRegex("[0-9a-f]{32}"));
    EXPECT_THAT(random_uuid(),
                testing::MatchesRegex(
                    "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    EXPECT_THAT(random_uid(), testing::MatchesRegex("2\\.25\\.[1-9][0-9]{10,38}"));
}

TEST(UidKeyPart, LetsNothingOutOfItsFolder) {
    EXPECT_TRUE(is_uid_key_part("1.2.840.10008.1.1"));
    EXPECT_TRUE(is_uid_key_part(std::string(64, '1')));
    for (const auto& bad :
         {std::string(), std::string("."), std::string(".."), std::string("1/2"),
          std::string(65, '1'), std::string("1.2\0", 4), std::string("a")}) {
        EXPECT_FALSE(is_uid_key_part(bad)) << bad;
    }
}

TEST(UidKeyPart, RefusesEveryOtherCharacterAtEveryPlace) {
    for (std::size_t size = 1; size <= 64; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (int c = 0; c < 256; ++c) {
                std::string uid(size, '7');
                uid[at] = static_cast<char>(c);
                const bool good = (c >= '0' && c <= '9') || (c == '.' && size > 1);
                ASSERT_EQ(is_uid_key_part(uid), good) << size << " " << at << " " << c;
            }
        }
    }
}

}  // namespace
}  // namespace larmor
