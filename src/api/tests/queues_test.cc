#include <simdjson.h>

#include <future>

#include "api/tests/api_fixture.h"
#include "base/json_text.h"

namespace larmor::api {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

struct QueuesTest : testing::Test {
    ApiServer api;

    http::ClientResponse call(std::string_view method, const std::string& target,
                              std::string_view body, auth::Role role = auth::Role::Admin) {
        return api.send_json(method, target, body, role);
    }
    http::ClientResponse put(const std::string& queue, std::string_view body = "{}") {
        return call("PUT", "/v1/queues/" + queue, body);
    }
    /// POST to `what` of the queue `work`.
    http::ClientResponse post(const std::string& what, std::string_view body) {
        return call("POST", "/v1/queues/work/" + what, body);
    }
    void send_text(std::string_view text) {
        const std::string body = R"({"messages":[{"body":)" + to_json_string(text) + "}]}";
        const auto sent = post("messages", body);
        ASSERT_EQ(sent.status, 201) << sent.body;
    }
    /// A text member, at a place such as "/messages/0/body".
    static std::string text_at(const std::string& json, std::string_view pointer) {
        simdjson::dom::parser parser;
        simdjson::dom::element document;
        std::string_view text;
        if (parser.parse(json).get(document) || document.at_pointer(pointer).get(text)) {
            ADD_FAILURE() << "no text at " << pointer << " of " << json;
        }
        return std::string(text);
    }
    std::string receive_one() {
        const auto received = post("receive", R"({"visibility_timeout_s":60})");
        EXPECT_EQ(received.status, 200) << received.body;
        return text_at(received.body, "/messages/0/receipt_handle");
    }
    static std::string with_handle(const std::string& handle, const std::string& more = "") {
        return R"({"receipt_handle":")" + handle + '"' + more + '}';
    }
    /// Sends a message and makes a dead letter of it; gives its id.
    std::string bury(std::string_view text) {
        send_text(text);
        const std::string handle = receive_one();
        EXPECT_EQ(
            post("dead-letter", with_handle(handle, R"(,"reason":"no_model","error":"line 3")"))
                .status,
            204);
        const auto letters = api.get("/v1/queues/work/dead-letters?limit=1000").body;
        simdjson::dom::parser parser;
        std::string_view id;
        for (const auto letter : parser.parse(letters)["dead_letters"].get_array()) {
            EXPECT_EQ(letter["id"].get(id), simdjson::SUCCESS);
        }
        return std::string(id);
    }
};

TEST_F(QueuesTest, AreMadeAndChangedByTheirSettings) {
    const auto made = put("work", R"({"visibility_timeout_s":0.25,"receive_count_max":3})");
    EXPECT_EQ(made.status, 201) << made.body;
    EXPECT_EQ(made.body,
              R"({"name":"work","internal":false,"fifo":false,"visibility_timeout_s":0.25,)"
              R"("receive_count_max":3,"deduplication_window_s":300,"depth_max":100000000,)"
              R"("waiting":0,"delayed":0,"in_flight":0,"dead":0,"depth":0,"sent":0,)"
              R"("oldest_age_s":null})");
    const auto changed = put("work", R"({"depth_max":7})");
    EXPECT_EQ(changed.status, 200) << changed.body;
    EXPECT_THAT(changed.body,
                HasSubstr(R"("visibility_timeout_s":0.25,"receive_count_max":3)"));
    EXPECT_THAT(changed.body, HasSubstr(R"("depth_max":7)"));
    EXPECT_EQ(api.get("/v1/queues/work").body, changed.body);
    EXPECT_THAT(api.get("/v1/queues").body, HasSubstr(changed.body));

    EXPECT_EQ(put("work", R"({"fifo":true})").status, 409);
    EXPECT_EQ(api.get("/v1/queues/other").status, 404);
}

TEST_F(QueuesTest, ThatComeWithALibraryAreTheProgramsOwn) {
    const auto listed = api.get("/v1/queues").body;
    EXPECT_THAT(listed, HasSubstr(R"("name":"webhooks","internal":true,)"));
    EXPECT_THAT(listed, HasSubstr(R"("name":"preprocess","internal":true,)"));
    EXPECT_THAT(listed, Not(HasSubstr(R"("internal":false)")));
}

TEST_F(QueuesTest, RefuseSettingsThatTheyCanNotHaveAndSayWhy) {
    const auto wrong = put("work", R"({"visibility_timeout_s":99999})");
    EXPECT_EQ(wrong.status, 400);
    EXPECT_THAT(wrong.body, HasSubstr("43200000000"));
    EXPECT_THAT(put("Work").body, HasSubstr("1 to 80 of a-z"));
    for (const auto* body : {"", "[]", R"({"colour":1})", R"({"fifo":1})", R"({"depth_max":0})",
                             R"({"depth_max":1.5})", R"({"receive_count_max":"5"})",
                             R"({"visibility_timeout_s":-1})", R"({} {})"}) {
        EXPECT_EQ(put("work", body).status, 400) << body;
    }
    EXPECT_EQ(api.get("/v1/queues/work").status, 404);
}

TEST_F(QueuesTest, HandMessagesToWhoeverReceivesThem) {
    put("work");
    const auto sent = post(
        "messages",
        R"({"messages":[{"body":"{\"a\":1}","priority":2,"deduplication_id":"d"},)"
        R"({"body_base64":"/wA="},{"body":"later","delay_s":3600},{"body":"","deduplication_id":"d"}]})");
    EXPECT_EQ(sent.status, 201) << sent.body;
    EXPECT_THAT(sent.body, HasSubstr(R"("duplicate":false},)"));
    EXPECT_THAT(sent.body, HasSubstr(R"("duplicate":true}]})"));
    EXPECT_THAT(api.get("/v1/queues/work").body, HasSubstr(R"("waiting":2,"delayed":1,)"));

    const auto received = post("receive", R"({"max":10,"visibility_timeout_s":60})");
    EXPECT_EQ(received.status, 200) << received.body;
    EXPECT_EQ(text_at(received.body, "/messages/0/body"), R"({"a":1})");
    EXPECT_EQ(text_at(received.body, "/messages/1/body_base64"), "/wA=");
    EXPECT_THAT(received.body,
                HasSubstr(R"("receive_count":1,"start_count":1,"suspect":false,)"));
    EXPECT_THAT(received.body, HasSubstr(R"("priority":2,)"));
    EXPECT_THAT(received.body, Not(HasSubstr("later")));

    const std::string first = text_at(received.body, "/messages/0/receipt_handle");
    const std::string second = text_at(received.body, "/messages/1/receipt_handle");
    EXPECT_EQ(post("extend", with_handle(first, R"(,"visibility_timeout_s":120)")).status, 204);
    EXPECT_EQ(post("remove", R"({"receipt_handles":[")" + first + R"("]})").status, 204);
    const auto again = post("remove", R"({"receipt_handles":[")" + first + R"("]})");
    EXPECT_EQ(again.status, 409) << again.body;

    EXPECT_EQ(post("release", with_handle(second, R"(,"error":"no licence")")).status, 204);
    const auto back = post("receive", "{}");
    EXPECT_THAT(back.body, HasSubstr(R"("last_error":"no licence")"));
    EXPECT_THAT(back.body, HasSubstr(R"("receive_count":2)"));
    EXPECT_EQ(post("receive", "{}").body, R"({"messages":[]})");
}

TEST_F(QueuesTest, KeepTheOrderOfAGroupWhereTheyAreFifo) {
    EXPECT_EQ(put("work", R"({"fifo":true})").status, 201);
    EXPECT_EQ(post("messages", R"({"messages":[{"body":"x"}]})").status, 400)
        << "it has no group";
    EXPECT_EQ(post("messages", R"({"messages":[{"body":"1","message_group":"g"},)"
                               R"({"body":"2","message_group":"g"}]})")
                  .status,
              201);
    const auto first = post("receive", R"({"max":10})");
    EXPECT_EQ(text_at(first.body, "/messages/0/body"), "1");
    EXPECT_EQ(text_at(first.body, "/messages/0/message_group"), "g");
    EXPECT_THAT(first.body, Not(HasSubstr(R"("body":"2")")));
}

TEST_F(QueuesTest, RefuseMessagesThatTheyCanNotTake) {
    put("work", R"({"depth_max":1})");
    for (const auto* body :
         {"{}", R"({"messages":[]})", R"({"messages":[{}]})", R"({"messages":[{"body":1}]})",
          R"({"messages":[{"body":"a","body_base64":"YQ=="}]})",
          R"({"messages":[{"body_base64":"%"}]})",
          R"({"messages":[{"body":"a","delay_s":-1}]})",
          R"({"messages":[{"body":"a","priority":99999999999}]})",
          R"({"messages":[{"body":"a","message_group":"g"}]})"}) {
        EXPECT_EQ(post("messages", body).status, 400) << body;
    }
    const std::string large(queue::limits::kBodyBytes + 1, 'x');
    const auto refused = post("messages", R"({"messages":[{"body":")" + large + R"("}]})");
    EXPECT_EQ(refused.status, 400);
    EXPECT_THAT(refused.body, HasSubstr("262144"));

    send_text("one");
    const auto full = post("messages", R"({"messages":[{"body":"two"}]})");
    EXPECT_EQ(full.status, 507) << full.body;
    EXPECT_THAT(full.body, HasSubstr("depth_max"));
    for (const auto* body : {R"({"max":0})", R"({"max":1001})", R"({"wait_s":61})",
                             R"({"visibility_timeout_s":0})", R"({"wait":1})"}) {
        EXPECT_EQ(post("receive", body).status, 400) << body;
    }
    EXPECT_EQ(post("remove", R"({"receipt_handles":["x"]})").status, 400);
    EXPECT_EQ(post("dead-letter", with_handle("1-1")).status, 400) << "it has no reason";
    EXPECT_EQ(call("POST", "/v1/queues/none/receive", "{}").status, 404);
}

TEST_F(QueuesTest, AWaitEndsWithTheFirstMessage) {
    put("work");
    auto waiting = std::async(std::launch::async, [&] {
        http::Client other("127.0.0.1", api.server->port());
        return other.send(
            {.method = "POST",
             .target = "/v1/queues/work/receive",
             .headers = {{"Content-Type", "application/json"},
                         {"Authorization", "Bearer " + api.token(auth::Role::Admin)}},
             .body = R"({"wait_s":60})"});
    });
    send_text("here");
    const auto received = waiting.get();
    ASSERT_TRUE(received) << received.error().message;
    EXPECT_EQ(text_at(received->body, "/messages/0/body"), "here");
}

TEST_F(QueuesTest, WhoeverWentAwayTakesNoMessage) {
    put("work");
    {
        http::Client gone("127.0.0.1", api.server->port());
        const std::string body = R"({"wait_s":60,"visibility_timeout_s":600})";
        ASSERT_TRUE(gone.write_raw(
            "POST /v1/queues/work/receive HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            "Content-Type: application/json\r\nAuthorization: Bearer " +
            api.token(auth::Role::Admin) +
            "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body));
    }
    send_text("mine");
    const auto received = post("receive", R"({"wait_s":30})");
    EXPECT_EQ(text_at(received.body, "/messages/0/body"), "mine");
}

TEST_F(QueuesTest, AWaitEndsWhenTheServerStops) {
    put("work");
    auto waiting = std::async(std::launch::async, [&] {
        http::Client other("127.0.0.1", api.server->port());
        return other.send(
            {.method = "POST",
             .target = "/v1/queues/work/receive",
             .headers = {{"Content-Type", "application/json"},
                         {"Authorization", "Bearer " + api.token(auth::Role::Admin)}},
             .body = R"({"wait_s":60})"});
    });
    // Known to be with the server once it counts a request beside the one that asks.
    while (waiting.wait_for(0s) == std::future_status::timeout &&
           api.get("/metrics").body.find("larmor_http_requests_active 2") ==
               std::string::npos) {
    }
    const auto before = std::chrono::steady_clock::now();
    EXPECT_EQ(api.server->stop(50s).requests_cut, 0);
    EXPECT_LT(std::chrono::steady_clock::now() - before, 40s);
    const auto received = waiting.get();
    ASSERT_TRUE(received) << received.error().message;
    EXPECT_EQ(received->body, R"({"messages":[]})");
}

TEST_F(QueuesTest, ShowDeadLettersAndSendThemAnew) {
    put("work");
    const std::string first = bury("one");
    const std::string second = bury("two");
    const auto letters = api.get("/v1/queues/work/dead-letters?limit=1");
    EXPECT_EQ(text_at(letters.body, "/dead_letters/0/reason"), "no_model");
    EXPECT_EQ(text_at(letters.body, "/dead_letters/0/last_error"), "line 3");
    EXPECT_EQ(text_at(letters.body, "/next"), first);
    EXPECT_THAT(letters.body, Not(HasSubstr("one"))) << "bodies are not listed";
    const auto rest = api.get("/v1/queues/work/dead-letters?after=" + first).body;
    EXPECT_EQ(text_at(rest, "/dead_letters/0/id"), second);
    EXPECT_THAT(rest, Not(HasSubstr("next")));

    const auto letter = api.get("/v1/queues/work/dead-letters/" + first);
    EXPECT_EQ(text_at(letter.body, "/body"), "one");
    EXPECT_EQ(api.get("/v1/queues/work/dead-letters/1").status, 404);
    EXPECT_EQ(api.get("/v1/queues/work/dead-letters/x").status, 400);
    EXPECT_EQ(api.get("/v1/queues/work/dead-letters?limit=0").status, 400);

    EXPECT_EQ(post("redrive", R"({"ids":[")" + first + R"(","1"]})").body, R"({"redriven":1})");
    EXPECT_EQ(text_at(post("receive", "{}").body, "/messages/0/body"), "one");
    EXPECT_EQ(post("redrive", R"({"all":true})").body, R"({"redriven":1})");
    EXPECT_THAT(api.get("/v1/queues/work").body, HasSubstr(R"("dead":0)"));
    for (const auto* body : {"{}", R"({"all":false})", R"({"all":true,"ids":[]})",
                             R"({"ids":[1]})", R"({"ids":["x"]})"}) {
        EXPECT_EQ(post("redrive", body).status, 400) << body;
    }
}

TEST_F(QueuesTest, ArePurgedOfMessagesOrOfDeadLetters) {
    put("work");
    bury("dead");
    send_text("waiting");
    EXPECT_EQ(post("purge", R"({"what":"all"})").status, 400);
    EXPECT_EQ(post("purge", R"({"what":"messages"})").body, R"({"removed":1})");
    EXPECT_THAT(api.get("/v1/queues/work").body, HasSubstr(R"("dead":1,"depth":0)"));
    EXPECT_EQ(post("purge", R"({"what":"dead_letters"})").body, R"({"removed":1})");
    EXPECT_THAT(api.get("/v1/queues/work").body, HasSubstr(R"("dead":0)"));
}

TEST_F(QueuesTest, OfTheProgramItselfAreOnlyLookedAfter) {
    for (const auto& [what, body] : std::initializer_list<std::pair<const char*, const char*>>{
             {"messages", R"({"messages":[{"body":"x"}]})"},
             {"receive", "{}"},
             {"remove", R"({"receipt_handles":["1-1"]})"},
             {"extend", R"({"receipt_handle":"1-1","visibility_timeout_s":1})"},
             {"release", R"({"receipt_handle":"1-1"})"},
             {"dead-letter", R"({"receipt_handle":"1-1","reason":"x"})"}}) {
        const auto refused = call("POST", std::string("/v1/queues/webhooks/") + what, body);
        EXPECT_EQ(refused.status, 403) << what;
        EXPECT_THAT(refused.body, HasSubstr("the program's own")) << what;
    }
    EXPECT_EQ(put("jobs").status, 403);
    EXPECT_EQ(api.get("/v1/queues/webhooks").status, 200);
    EXPECT_EQ(api.get("/v1/queues/webhooks/dead-letters").body, R"({"dead_letters":[]})");
    EXPECT_EQ(call("POST", "/v1/queues/webhooks/redrive", R"({"all":true})").status, 200);
    EXPECT_EQ(call("POST", "/v1/queues/webhooks/purge", R"({"what":"messages"})").status, 200);
}

TEST_F(QueuesTest, TheMonitorSeesCountsAndNothingElse) {
    put("work");
    const auto as_monitor = [&](std::string_view target) {
        return api.send({.method = "GET", .target = target, .headers = {}}, auth::Role::Monitor)
            .status;
    };
    EXPECT_EQ(as_monitor("/v1/queues"), 200);
    EXPECT_EQ(as_monitor("/v1/queues/work"), 200);
    EXPECT_EQ(as_monitor("/v1/queues/work/dead-letters"), 403);
}

TEST_F(QueuesTest, AWorkerUsesMessagesAndChangesNoQueue) {
    put("work");
    const auto status_of = [&](std::string_view method, const std::string& target,
                               std::string_view body = "{}") {
        return call(method, "/v1/queues" + target, body, auth::Role::Worker).status;
    };
    EXPECT_EQ(status_of("POST", "/work/messages", R"({"messages":[{"body":"one"}]})"), 201);
    const auto received = call("POST", "/v1/queues/work/receive", "{}", auth::Role::Worker);
    ASSERT_EQ(received.status, 200);
    const auto handle = text_at(received.body, "/messages/0/receipt_handle");
    const auto remove = R"({"receipt_handles":[")" + handle + R"("]})";
    EXPECT_EQ(status_of("POST", "/work/remove", remove), 204);

    EXPECT_EQ(status_of("GET", ""), 403);
    EXPECT_EQ(status_of("PUT", "/work"), 403);
    EXPECT_EQ(status_of("GET", "/work/dead-letters"), 403);
    EXPECT_EQ(status_of("POST", "/work/redrive", R"({"all":true})"), 403);
    EXPECT_EQ(status_of("POST", "/work/purge", R"({"what":"messages"})"), 403);
    EXPECT_EQ(status_of("POST", "/webhooks/receive"), 403) << "the program's own";
    EXPECT_EQ(api.send({.method = "GET", .target = "/dicomweb/studies", .headers = {}},
                       auth::Role::Worker)
                  .status,
              403);
}

TEST_F(QueuesTest, WhatIsDoneWithThemGoesOnRecord) {
    put("work");
    bury("secret text");
    post("redrive", R"({"all":true})");
    std::string trail;
    for (const auto& entry : std::filesystem::directory_iterator(api.folder / "audit")) {
        if (entry.path().extension() == ".jsonl") trail += content_of(entry.path());
    }
    EXPECT_THAT(trail, HasSubstr(R"("action":"queue-change","outcome":"success")"));
    EXPECT_THAT(trail, HasSubstr(R"("object":"work","route":"queues.redrive")"));
    EXPECT_THAT(trail, HasSubstr(R"("action":"queue-use","outcome":"success")"));
    EXPECT_THAT(trail, HasSubstr(R"("object":"work","route":"queues.receive")"));
    EXPECT_THAT(trail, Not(HasSubstr("secret")));
}

TEST_F(QueuesTest, ARuleFindsItsQueueFromItsFirstEventOn) {
    const std::string_view rule =
        R"({"pattern":{"detail-type":["Image Set Created"]},"targets":[{"queue":"work"}]})";
    EXPECT_EQ(call("PUT", "/v1/rules/r", rule).status, 201);
    EXPECT_THAT(api.get("/v1/queues/work").body, HasSubstr(R"("visibility_timeout_s":30,)"));
    ASSERT_EQ(api.store({make_instance(MadeInstance{})}).status, 200);
    const auto received = post("receive", R"({"wait_s":60})");
    EXPECT_THAT(text_at(received.body, "/messages/0/body"), HasSubstr("Image Set Created"));
}

TEST_F(QueuesTest, ARuleNamesAQueueThatOthersMayHave) {
    const auto with_queue = [](std::string_view queue) {
        return R"({"pattern":{"a":[1]},"targets":[{"queue":")" + std::string(queue) + R"("}]})";
    };
    const auto wrong = call("PUT", "/v1/rules/r", with_queue("Not a name"));
    EXPECT_EQ(wrong.status, 400);
    EXPECT_THAT(wrong.body, HasSubstr("1 to 80 of a-z"));
    const auto own = call("PUT", "/v1/rules/r", with_queue("webhooks"));
    EXPECT_EQ(own.status, 400);
    EXPECT_THAT(own.body, HasSubstr("the program's own"));
    EXPECT_EQ(
        call("PUT", "/v1/rules/r", R"({"pattern":{"a":[{"b":1}]},"targets":[{"queue":"q"}]})")
            .status,
        400);
    EXPECT_EQ(api.get("/v1/queues/q").status, 404) << "a wrong rule makes no queue";
}

}  // namespace
}  // namespace larmor::api
