#include "workers/steps/deliver_webhook.h"

#include <gtest/gtest.h>

#include "async/sync_wait.h"
#include "events/webhook_signature.h"
#include "http/tests/server_fixture.h"
#include "routing/webhook_message.h"

namespace larmor::workers {
namespace {

using namespace std::chrono_literals;

constexpr const char* kEnvelope = R"({"id":"e-1","detail":{}})";

/// Somebody's server, which answers as the test says and remembers what came.
class DeliverWebhookTest : public http::ServerTest {
protected:
    void answer_with(int status, std::string retry_after = {}) {
        route(http::Method::Post, "/hook",
              [this, status, retry_after](http::Request request) -> http::Task<http::Response> {
                  co_return co_await take(std::move(request), status, retry_after);
              });
        start();
    }
    http::Task<http::Response> take(http::Request request, int status,
                                    std::string retry_after) {
        body_ = request.body;
        id_ = request.headers.get("webhook-id");
        timestamp_ = request.headers.get("webhook-timestamp");
        signature_ = request.headers.get("webhook-signature");
        http::Response response(status, "text/plain", "");
        if (!retry_after.empty()) response.headers.set("Retry-After", retry_after);
        co_return response;
    }
    std::string url() const {
        return "http://127.0.0.1:" + std::to_string(server_->port()) + "/hook";
    }
    static Result<Verdict> deliver(const std::string& url,
                                   DeliverWebhook::Options options = {}) {
        DeliverWebhook step(std::move(options));
        queue::Message message;
        message.body = routing::to_body(url, "e-1", kEnvelope);
        return async::sync_wait(step.run(std::move(message), async::CancelToken()));
    }

    std::string body_;
    std::string id_;
    std::string timestamp_;
    std::string signature_;
};

TEST_F(DeliverWebhookTest, PostsTheEnvelopeSignedWithEveryKey) {
    answer_with(204);
    const auto first = events::parse_event_secret("whsec_" + std::string(32, 'A'));
    const auto second = events::parse_event_secret("whsec_" + std::string(32, 'B'));
    ASSERT_TRUE(first && second);
    const auto verdict =
        deliver(url(), {.secrets = std::make_shared<const Current<std::vector<ByteBuffer>>>(
                            std::vector{*first, *second})});
    ASSERT_TRUE(verdict);
    EXPECT_TRUE(std::holds_alternative<Done>(*verdict));
    EXPECT_EQ(body_, kEnvelope);
    EXPECT_EQ(id_, "e-1");
    for (const ByteBuffer& secret : {*first, *second}) {
        EXPECT_TRUE(events::check_webhook({id_, timestamp_, signature_}, body_,
                                          std::array{secret}, system_clock().now()));
    }
}

TEST_F(DeliverWebhookTest, IsUnsignedWithoutAKey) {
    answer_with(200);
    ASSERT_TRUE(deliver(url()));
    EXPECT_EQ(signature_, "");
}

TEST_F(DeliverWebhookTest, TriesAgainWhenTheServerSaysSo) {
    answer_with(503, "7");
    const auto verdict = deliver(url());
    ASSERT_TRUE(verdict);
    const auto* retry = std::get_if<Retry>(&*verdict);
    ASSERT_NE(retry, nullptr);
    EXPECT_EQ(retry->after, 7s);
}

TEST_F(DeliverWebhookTest, OneThatIsGoneIsDead) {
    answer_with(410);
    const auto verdict = deliver(url());
    ASSERT_TRUE(verdict);
    const auto* dead = std::get_if<Dead>(&*verdict);
    ASSERT_NE(dead, nullptr);
    EXPECT_EQ(dead->reason, "gone");
}

TEST_F(DeliverWebhookTest, OtherAnswersAndNoAnswerAreUnavailable) {
    answer_with(302);
    const auto redirected = deliver(url());
    ASSERT_FALSE(redirected);
    EXPECT_EQ(redirected.error().code, ErrorCode::Unavailable);
    const std::string gone = url();
    server_.reset();
    const auto refused = deliver(gone);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Unavailable);
}

TEST_F(DeliverWebhookTest, AMessageThatIsNoneIsInvalid) {
    const auto verdict = deliver("ftp://a");
    ASSERT_FALSE(verdict);
    EXPECT_EQ(verdict.error().code, ErrorCode::InvalidInput);
}

}  // namespace
}  // namespace larmor::workers
