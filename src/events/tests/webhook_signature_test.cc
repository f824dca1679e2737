#include "events/webhook_signature.h"

#include <gtest/gtest.h>

namespace larmor::events {
namespace {

// The example of the specification's own libraries (standardwebhooks, "sign function works").
constexpr std::string_view kSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr std::string_view kId = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::string_view kStamp = "1614265330";
constexpr std::string_view kBody = R"({"test": 2432232314})";
constexpr std::string_view kSignature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
const Time kThen{std::chrono::seconds(1'614'265'330)};

struct WebhookSignature : ::testing::Test {
    std::vector<ByteBuffer> secrets{parse_event_secret(kSecret).value()};
    bool accepts(std::string_view signature, std::string_view body = kBody, Time now = kThen,
                 std::string_view stamp = kStamp) const {
        return check_webhook({kId, stamp, signature}, body, secrets, now).has_value();
    }
};

TEST_F(WebhookSignature, IsThatOfTheSpecification) {
    EXPECT_EQ(sign_webhook(secrets[0], kId, kStamp, kBody), kSignature);
    EXPECT_TRUE(accepts(kSignature));
}

TEST_F(WebhookSignature, IsAcceptedByAnyKeyAndAmongOthers) {
    secrets.insert(secrets.begin(), ByteBuffer(32));
    EXPECT_TRUE(accepts("v1,AAAA v2,x " + std::string(kSignature)));
}

TEST_F(WebhookSignature, RefusesAnotherBodyTimeOrNone) {
    EXPECT_FALSE(accepts(kSignature, "{}"));
    EXPECT_FALSE(accepts(kSignature, kBody, kThen + std::chrono::minutes(6)));
    EXPECT_FALSE(accepts(kSignature, kBody, kThen - std::chrono::minutes(6)));
    EXPECT_TRUE(accepts(kSignature, kBody, kThen - std::chrono::minutes(4)));
    EXPECT_FALSE(accepts(kSignature, kBody, kThen, "9223372036854775807"));
    EXPECT_FALSE(accepts(kSignature, kBody, kThen, "1614265330x"));
    EXPECT_FALSE(accepts(""));
    EXPECT_FALSE(accepts("v1,"));
    secrets.clear();
    EXPECT_FALSE(accepts(kSignature));
}

TEST_F(WebhookSignature, TakesSecretsThatAreLongEnough) {
    EXPECT_FALSE(parse_event_secret("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"));
    EXPECT_FALSE(parse_event_secret("whsec_AAAA"));
    EXPECT_FALSE(parse_event_secret("whsec_?"));
}

}  // namespace
}  // namespace larmor::events
