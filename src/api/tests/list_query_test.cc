#include "api/list_query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larmor::api {
namespace {

using testing::HasSubstr;

Result<std::size_t> limit_of(std::string_view text) {
    TRY(const auto query, http::parse_query(text));
    return limit_in(query, 100, 1000);
}

TEST(ListQuery, ALimitIsFromOneToItsMost) {
    EXPECT_EQ(limit_of("after=7"), 100U);
    EXPECT_EQ(limit_of("limit=1"), 1U);
    EXPECT_EQ(limit_of("limit=1000"), 1000U);
    for (const auto* bad : {"limit=0", "limit=1001", "limit=-1", "limit=", "limit=1.5",
                            "limit=x", "limit=99999999999999999999"}) {
        const auto refused = limit_of(bad);
        ASSERT_FALSE(refused) << bad;
        EXPECT_EQ(refused.error().code, ErrorCode::InvalidInput) << bad;
        EXPECT_THAT(refused.error().message, HasSubstr("limit")) << bad;
    }
}

TEST(ListQuery, ANumberMayBeAbsentButNotWrong) {
    const auto query = http::parse_query("after=17&before=17x");
    ASSERT_TRUE(query);
    const auto after = number_in(*query, "after");
    const auto absent = number_in(*query, "offset");
    ASSERT_TRUE(after && absent);
    EXPECT_EQ(*after, 17);
    EXPECT_FALSE(absent->has_value());
    const auto refused = number_in(*query, "before");
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("before"));
}

}  // namespace
}  // namespace larmor::api
