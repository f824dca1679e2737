#include <condition_variable>
#include <thread>

#include "api/event_stream.h"
#include "api/tests/api_fixture.h"
#include "events/webhook_signature.h"

namespace larmor::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view kEventSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

Options options_with_events() {
    Options options;
    options.event_secrets = std::make_shared<const Current<std::vector<ByteBuffer>>>(
        std::vector<ByteBuffer>{events::parse_event_secret(kEventSecret).value()});
    options.event_heartbeat = 20ms;
    return options;
}

/// Follows the events on a connection of its own, as a browser's EventSource does.
class EventSource {
public:
    EventSource(ApiServer& api, std::string target, http::Headers headers = {})
        : thread_(
              [this, &api, target = std::move(target), headers = std::move(headers)]() mutable {
                  http::Client client("127.0.0.1", api.server->port());
                  headers.add("Authorization", "Bearer " + api.token(auth::Role::Reader));
                  const auto response = client.send(
                      {.method = "GET", .target = target, .headers = std::move(headers)},
                      [this](Bytes bytes) {
                          const std::lock_guard lock(mutex_);
                          text_ += as_text(bytes);
                          changed_.notify_all();
                      });
                  const std::lock_guard lock(mutex_);
                  is_whole_ = response.has_value();
                  ended_ = true;
                  changed_.notify_all();
              }) {}
    ~EventSource() { thread_.join(); }

    /// What has come when `part` is in it; all that came when it did not come in time.
    std::string wait_for(std::string_view part) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 60s, [&] { return text_.find(part) != text_.npos || ended_; });
        return text_;
    }
    /// True when the stream ended as it should.
    bool wait_for_end() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 60s, [&] { return ended_; });
        return is_whole_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::string text_;
    bool ended_ = false;
    bool is_whole_ = false;
    std::thread thread_;
};

struct EventsTest : testing::Test {
    ApiServer api{options_with_events()};

    ~EventsTest() override { api.library->event_bell().close(); }

    http::ClientResponse send_event(std::string_view body, std::string_view signature = {},
                                    std::string_view type = "application/cloudevents+json") {
        const std::string stamp = std::to_string(
            std::chrono::floor<std::chrono::seconds>(system_clock().now().time_since_epoch())
                .count());
        const auto secret = events::parse_event_secret(kEventSecret).value();
        const std::string signed_so = signature.empty()
                                          ? events::sign_webhook(secret, "m", stamp, body)
                                          : std::string(signature);
        http::Headers headers;
        headers.add("Content-Type", type);
        headers.add("webhook-id", "m");
        headers.add("webhook-timestamp", stamp);
        headers.add("webhook-signature", signed_so);
        return api.send_bare({.method = "POST",
                              .target = "/v1/events",
                              .headers = std::move(headers),
                              .body = body});
    }
    static std::string order(std::string_view id) {
        return R"({"specversion":"1.0","source":"https://ris.example","type":"Order Placed","id":")" +
               std::string(id) + R"(","data":{"number":7}})";
    }
    http::ClientResponse put_rule(std::string_view name, std::string_view body) {
        const std::string target = "/v1/rules/" + std::string(name);
        return api.send_json("PUT", target, body);
    }
};

TEST_F(EventsTest, StreamsWhatIsThereAndWhatComes) {
    api.store({make_instance(MadeInstance{})});
    EventSource source(api, "/v1/events?after=1-0");
    const std::string first = source.wait_for("Image Set Created");
    EXPECT_THAT(first, testing::StartsWith(EventStream::kOpening));
    EXPECT_THAT(first, HasSubstr("id: 1-1\ndata: {\"specversion\":\"1.0\","));
    EXPECT_THAT(source.wait_for(": heartbeat"), HasSubstr(": heartbeat\n\n"));

    api.store({make_instance(MadeInstance{.instance = "1.2.3.1.2"})});
    EXPECT_THAT(source.wait_for("id: 1-2\n"), HasSubstr("Image Set Updated"));

    // Comes back with what it has seen last.
    EventSource again(api, "/v1/events?after=1-0", {{"Last-Event-ID", "1-1"}});
    EXPECT_THAT(again.wait_for("id: 1-2\n"), Not(HasSubstr("id: 1-1\n")));

    api.library->event_bell().close();
    EXPECT_TRUE(source.wait_for_end());
    EXPECT_TRUE(again.wait_for_end());
}

TEST_F(EventsTest, WithoutAPositionOnlyWhatComes) {
    api.store({make_instance(MadeInstance{})});
    EventSource source(api, "/v1/events");
    source.wait_for(": open");
    api.store({make_instance(MadeInstance{.instance = "1.2.3.1.2"})});
    EXPECT_THAT(source.wait_for("id: 1-2\n"), Not(HasSubstr("id: 1-1\n")));
    api.library->event_bell().close();
}

TEST_F(EventsTest, AReplayOfWhatIsNoLongerKeptIsGone) {
    api.store({make_instance(MadeInstance{})});
    ASSERT_TRUE(api.library->database().write_and_wait(
        [&](db::Transaction& tx) { return api.library->events().drop_oldest(tx, 99991231); }));
    EXPECT_EQ(api.get("/v1/events?after=1-0").status, 410);
    EXPECT_EQ(api.get("/v1/events?since=2020-01-01T00:00:00Z").status, 410);
    EXPECT_EQ(api.get("/v1/events", {{"Last-Event-ID", "1-77"}}).status, 410);
    EXPECT_EQ(api.get("/v1/events?after=x").status, 400);
    EXPECT_EQ(api.get("/v1/events?since=2020-13-01T00:00:00Z").status, 400);
    EXPECT_EQ(api.get("/v1/events?since=yesterday").status, 400);
}

TEST_F(EventsTest, TakesASignedEventOnce) {
    const auto sent = send_event(order("1"));
    EXPECT_EQ(sent.status, 201) << sent.body;
    EXPECT_EQ(sent.body, R"({"sequence":1,"duplicate":false})");
    const auto again = send_event(order("1"));
    EXPECT_EQ(again.status, 200);
    EXPECT_EQ(again.body, R"({"sequence":1,"duplicate":true})");

    EventSource source(api, "/v1/events?after=1-0");
    EXPECT_THAT(source.wait_for("Order Placed"),
                HasSubstr(R"("source":"https://ris.example","type":"Order Placed")"));
    api.library->event_bell().close();
}

TEST_F(EventsTest, RefusesAnEventThatIsNotSignedOrNone) {
    EXPECT_EQ(send_event(order("1"), "v1,AAAA").status, 401);
    EXPECT_EQ(api.send_bare({.method = "POST",
                             .target = "/v1/events",
                             .headers = {{"Content-Type", "application/cloudevents+json"}},
                             .body = "{}"})
                  .status,
              401);
    EXPECT_EQ(send_event("{}").status, 400);
    EXPECT_EQ(send_event(order("1"), {}, "text/plain").status, 415);
    EXPECT_EQ(send_event(order(std::string(300'000, 'x'))).status, 413);
    EXPECT_EQ(send_event(R"({"specversion":"1.0","id":"1","type":"t","source":)"
                         R"("aws.medical-imaging"})")
                  .status,
              403);
    EXPECT_EQ(api.library->events().last().sequence, 0);
}

TEST_F(EventsTest, KeepsRulesThatTheAdminEdits) {
    constexpr std::string_view body =
        R"({"pattern": {"detail-type": ["Image Set Created"]},
            "targets": [{"queue": "index"}, {"webhook": "https://a.example/"}]})";
    const auto made = put_rule("index", body);
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_THAT(made.body, HasSubstr(R"("name":"index","version":1,)"));
    EXPECT_EQ(put_rule("index", body).status, 409);

    const auto changed = put_rule(
        "index",
        R"({"pattern": {"source": ["x"]}, "targets": [{"queue": "q"}], "enabled": false, "version": 1})");
    EXPECT_EQ(changed.status, 200) << changed.body;
    const auto listed = api.get("/v1/rules");
    EXPECT_THAT(listed.body, HasSubstr(R"("enabled":false,"pattern":{"source": ["x"]},)"
                                       R"("targets":[{"queue":"q"}]})"));
    EXPECT_EQ(api.get("/v1/rules?after=index").body, "[]");
    EXPECT_EQ(api.get("/v1/rules/index").status, 200);

    EXPECT_EQ(
        api.send({.method = "DELETE", .target = "/v1/rules/index?version=1", .headers = {}})
            .status,
        409);
    EXPECT_EQ(
        api.send({.method = "DELETE", .target = "/v1/rules/index?version=2", .headers = {}})
            .status,
        204);
    EXPECT_EQ(api.get("/v1/rules/index").status, 404);
}

TEST_F(EventsTest, RefusesARuleThatItCanNotReadAndSaysWhere) {
    const auto refused =
        put_rule("r", R"({"pattern": {"a": [{"pre": "x"}]}, "targets": [{"queue": "q"}]})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("at a[0].pre"));
    for (const auto* body :
         {"", "[]", "{}", R"({"pattern": {"a": [1]}})", R"({"pattern": [1], "targets": []})",
          R"({"pattern": {"a": [1]}, "targets": [{"mail": "x"}]})",
          R"({"pattern": {"a": [1]}, "targets": [{"queue": "q"}], "version": "1"})",
          R"({"pattern": {"a": [1]}, "targets": [{"queue": "q"}], "other": 1})",
          R"({"pattern": {"a": [1]}, "targets": [{"queue": "q", "webhook": "https://x/"}]})"}) {
        EXPECT_EQ(put_rule("r", body).status, 400) << body;
    }
    EXPECT_EQ(
        put_rule("a%20b", R"({"pattern": {"a": [1]}, "targets": [{"queue": "q"}]})").status,
        400);
}

}  // namespace
}  // namespace larmor::api
