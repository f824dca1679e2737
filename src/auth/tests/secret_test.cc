#include "auth/secret.h"

#include "auth/sign_in_code.h"

namespace larmor::auth {
namespace {

using namespace std::chrono_literals;

TEST(Secret, Carries256RandomBitsInUrlSafeLetters) {
    const std::string secret = make_secret();
    // 32 bytes are 43 letters of base64 without padding (RFC 4648 section 5).
    ASSERT_EQ(secret.size(), 7 + 43U);
    EXPECT_TRUE(secret.starts_with("larmor_"));
    EXPECT_EQ(secret.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                       "0123456789-_"),
              std::string::npos);
    EXPECT_NE(secret, make_secret());
}

TEST(Secret, IsStoredAsItsSha256) {
    // printf 'larmor_x' | sha256sum
    EXPECT_EQ(to_hex(hash_of_secret("larmor_x")),
              "b6f65f0bf7398667ee62fba043ba87080d8170a1e0b2becf424a549bd8f73ce1");
}

TEST(Lifetime, ReadsDaysHoursMinutesSeconds) {
    EXPECT_EQ(parse_lifetime_s("30d"), 2592000);
    EXPECT_EQ(parse_lifetime_s("12h"), 43200);
    EXPECT_EQ(parse_lifetime_s("45m"), 2700);
    EXPECT_EQ(parse_lifetime_s("90s"), 90);
}

TEST(Lifetime, RefusesWhatIsNoTimeOrTooLong) {
    for (const auto* text :
         {"", "d", "30", "-1d", "0d", "1w", "1dd", "1 d", "99999999999999999999d"}) {
        EXPECT_FALSE(parse_lifetime_s(text)) << text;
    }
    EXPECT_EQ(parse_lifetime_s("3654d").error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(parse_lifetime_s("9223372036854775807d").error().code, ErrorCode::LimitExceeded);
}

struct SignInCodeTest : testing::Test {
    ManualClock clock{Time(std::chrono::days(20000))};
    SignInCode code{clock};
};

TEST_F(SignInCodeTest, IsGoodOnce) {
    const std::string link = code.issue();
    EXPECT_TRUE(code.redeem(link));
    const auto again = code.redeem(link);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::Unauthenticated);
}

TEST_F(SignInCodeTest, EndsAfterTenMinutes) {
    const std::string link = code.issue();
    clock.advance(10min - 1us);
    EXPECT_TRUE(code.redeem(link));

    const std::string second = code.issue();
    clock.advance(10min);
    EXPECT_FALSE(code.redeem(second));
}

TEST_F(SignInCodeTest, AClockThatIsSetNeitherEndsNorProlongsIt) {
    const std::string forward = code.issue();
    clock.jump(std::chrono::hours(24 * 3650));
    EXPECT_TRUE(code.redeem(forward));
    const std::string back = code.issue();
    clock.jump(-std::chrono::hours(24 * 7300));
    clock.advance(SignInCode::kLifetime);
    EXPECT_FALSE(code.redeem(back));
}

TEST_F(SignInCodeTest, AWrongTryDoesNotUseItUp) {
    const std::string link = code.issue();
    EXPECT_FALSE(code.redeem("larmor_guess"));
    EXPECT_FALSE(code.redeem(""));
    EXPECT_TRUE(code.redeem(link));
}

TEST_F(SignInCodeTest, ANewOneVoidsTheOneBefore) {
    const std::string old = code.issue();
    const std::string fresh = code.issue();
    EXPECT_FALSE(code.redeem(old));
    EXPECT_TRUE(code.redeem(fresh));
}

TEST_F(SignInCodeTest, NothingIsGoodBeforeOneIsIssued) {
    EXPECT_FALSE(code.redeem(""));
}

}  // namespace
}  // namespace larmor::auth
