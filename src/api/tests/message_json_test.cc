#include "api/message_json.h"

#include "api/queue_json.h"

namespace larmor::api {
namespace {

using namespace std::chrono_literals;

/// Cut at any byte a body is refused, and not read beyond its end.
template <typename Parse>
void expect_whole_only(std::string_view body, Parse parse) {
    EXPECT_TRUE(parse(body)) << body;
    for (std::size_t size = 0; size < body.size(); ++size) {
        // Of its own, so that a sanitizer sees each byte that is read too much.
        const std::string cut(body.substr(0, size));
        const auto read = parse(std::string_view(cut));
        ASSERT_FALSE(read) << "accepted: " << cut;
        EXPECT_EQ(read.error().code, ErrorCode::InvalidInput) << cut;
    }
    EXPECT_FALSE(parse(std::string(body) + "x"));
}

TEST(MessageJson, RefusesABodyThatIsCutAnywhere) {
    expect_whole_only(
        R"({"messages":[{"body":"a\u00e4","delay_s":1.5,"priority":-2},{"body_base64":"/wA="}]})",
        parse_send_request);
    expect_whole_only(R"({"max":10,"wait_s":20,"visibility_timeout_s":60})",
                      parse_receive_request);
    expect_whole_only(R"({"receipt_handles":["1-2","3-4"]})", parse_receipt_handles);
    expect_whole_only(R"({"receipt_handle":"1-2","visibility_timeout_s":60})",
                      parse_extend_request);
    expect_whole_only(R"({"receipt_handle":"1-2","retry_after_s":0.001,"error":"e"})",
                      parse_release_request);
    expect_whole_only(R"({"receipt_handle":"1-2","reason":"r"})", parse_dead_letter_request);
    expect_whole_only(R"({"ids":["17"]})", parse_redrive_request);
    expect_whole_only(R"({"what":"dead_letters"})", parse_purge_request);
    expect_whole_only(R"({"fifo":true,"depth_max":5})",
                      [](std::string_view body) { return parse_queue_settings(body, {}); });
}

TEST(MessageJson, SecondsHaveNoRoundingThatShows) {
    const auto written = [](queue::microseconds time) {
        std::string json;
        append_seconds(json, time);
        return json;
    };
    EXPECT_EQ(written(30s), "30");
    EXPECT_EQ(written(250ms), "0.25");
    EXPECT_EQ(written(1us), "0.000001");
    EXPECT_EQ(written(12h + 1us), "43200.000001");
    for (const auto time : {queue::microseconds(1ms), queue::microseconds(12h), 1234567us}) {
        const auto read = parse_extend_request(
            R"({"receipt_handle":"x","visibility_timeout_s":)" + written(time) + "}");
        ASSERT_TRUE(read);
        EXPECT_EQ(read->visibility_timeout, time);
    }
    for (const auto* wrong : {"-1", "1e10", "\"1\"", "null", "NaN"}) {
        EXPECT_FALSE(parse_extend_request(R"({"receipt_handle":"x","visibility_timeout_s":)" +
                                          std::string(wrong) + "}"))
            << wrong;
    }
}

TEST(MessageJson, ABodyThatIsNoTextComesBackAsItWas) {
    const auto sent = parse_send_request(R"({"messages":[{"body_base64":"/wD+"}]})");
    ASSERT_TRUE(sent);
    EXPECT_EQ(sent->at(0).body, std::string("\xff\0\xfe", 3));
    std::string json;
    append_body_member(json, sent->at(0).body);
    EXPECT_EQ(json, R"("body_base64":"/wD+")");
}

}  // namespace
}  // namespace larmor::api
