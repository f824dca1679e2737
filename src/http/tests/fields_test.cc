// Queries, media types, conditions, ranges and origins: the fields of a message, without a
// server.
#include "http/compress.h"
#include "http/conditional.h"
#include "http/media_type.h"
#include "http/query.h"

namespace larmor::http {
namespace {

std::string text_of(const Response& response) {
    std::string text;
    for (const auto& part : response.parts) {
        if (const auto* own = std::get_if<std::string>(&part)) text += *own;
        if (const auto* s = std::get_if<std::shared_ptr<const std::string>>(&part)) text += **s;
        if (const auto* s = std::get_if<SharedBytes>(&part)) text += as_text(s->bytes);
        if (const auto* f = std::get_if<FileSlice>(&part)) {
            text += "[file " + std::to_string(f->offset) + '+' + std::to_string(f->count) + ']';
        }
    }
    return text;
}

TEST(Query, KeepsOrderAndRepeats) {
    const auto query = parse_query(
        "PatientName=Doe%5EJ*&includefield=00081030&&includefield=all&flag&e=&p=a+b");
    ASSERT_TRUE(query);
    using Pairs = std::vector<std::pair<std::string, std::string>>;
    EXPECT_EQ(query->parameters, (Pairs{{"PatientName", "Doe^J*"},
                                        {"includefield", "00081030"},
                                        {"includefield", "all"},
                                        {"flag", ""},
                                        {"e", ""},
                                        {"p", "a b"}}));
    EXPECT_THAT(query->all("includefield"), testing::ElementsAre("00081030", "all"));
    EXPECT_EQ(query->find("flag"), "");
    EXPECT_EQ(query->find("none"), std::nullopt);
    EXPECT_TRUE(parse_query("")->parameters.empty());
    EXPECT_EQ(parse_query("a=b=c")->find("a"), "b=c");
}

TEST(Query, RefusesWhatCannotBeText) {
    for (const char* text :
         {"a=%", "a=%4", "a=%zz", "%00=1", "a=%ff", "a=%c3", "a=%ed%a0%80"}) {
        const auto query = parse_query(text);
        ASSERT_FALSE(query) << text;
        EXPECT_EQ(query.error().code, ErrorCode::InvalidInput) << text;
        EXPECT_THAT(query.error().message, testing::HasSubstr("byte"));
    }
    EXPECT_FALSE(parse_query(std::string_view("a=\0b", 4)));
    EXPECT_EQ(parse_query("a&b&c", {.parameters_max = 2}).error().code,
              ErrorCode::LimitExceeded);
    EXPECT_EQ(parse_query("abc", {.bytes_max = 2}).error().code, ErrorCode::LimitExceeded);
}

TEST(MediaType, ReadsParametersQuotedAndNot) {
    const auto type = parse_media_type(
        "Multipart/Related; type=\"application/dicom\"; transfer-syntax=*; x=\"a\\\"b\"");
    ASSERT_TRUE(type);
    EXPECT_EQ(type->essence(), "multipart/related");
    EXPECT_EQ(type->parameter("type"), "application/dicom");
    EXPECT_EQ(type->parameter("transfer-syntax"), "*");
    EXPECT_EQ(type->parameter("x"), "a\"b");
    EXPECT_EQ(to_string(*type),
              "multipart/related; type=\"application/dicom\"; transfer-syntax=*; x=\"a\\\"b\"");
    EXPECT_EQ(parse_media_type("multipart/related; type=application/dicom")->parameter("type"),
              "application/dicom")
        << "not quoted, as some clients send it";
    for (const char* text :
         {"", "a", "a/", "/b", "a/b; c", "a/b; c=", "a/b; c=\"d", "a/b c", "a/b,"}) {
        EXPECT_FALSE(parse_media_type(text)) << text;
    }
}

TEST(Accept, OrdersByWeightThenByHowSpecific) {
    // RFC 9110 section 12.5.1.
    const auto accepted = parse_accept(
        "text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, "
        "text/plain;format=fixed;q=0.4, */*;q=0.5");
    ASSERT_TRUE(accepted);
    std::vector<std::string> order;
    for (const auto& entry : *accepted) order.push_back(to_string(entry.range));
    EXPECT_THAT(order, testing::ElementsAre("text/plain; format=flowed", "text/plain", "*/*",
                                            "text/plain; format=fixed", "text/*"));
    EXPECT_EQ(quality_of(*accepted, "text/html"), 0.3);
    EXPECT_EQ(quality_of(*accepted, "image/jpeg"), 0.5);
    EXPECT_EQ(best_of(*accepted, {"text/html", "image/jpeg"}), "image/jpeg");
}

TEST(Accept, KnowsWhatIsNotWanted) {
    const auto accepted = parse_accept("image/jpeg;q=0, */*;q=0.1");
    EXPECT_EQ(quality_of(*accepted, "image/jpeg"), 0);
    EXPECT_EQ(quality_of(*accepted, "image/png"), 0.1);
    EXPECT_EQ(best_of(*parse_accept("image/gif"), {"image/png", "image/jpeg"}), std::nullopt);
    EXPECT_EQ(best_of(*parse_accept(""), {"image/png", "image/jpeg"}), "image/png");
    EXPECT_EQ(best_of(*parse_accept("multipart/related; type=\"a/b\", x/y"), {"x/y"}), "x/y");
    for (const char* text : {"a", "a/b;q=2", "a/b;q=0.1234", "a/b;q=x", "a/b c/d", "a/b;q=-1",
                             "a/b;c=\"", "\x01", "a/b;c", "a/b/c"}) {
        // As if it were not there: PS3.18 section 8.7.7, RFC 9110 section 12.5.1.
        EXPECT_EQ(best_of(*parse_accept(text), {"x/y"}), "x/y") << text;
        const std::string beside = std::string(text) + ", x/y;q=0.5";
        EXPECT_EQ(best_of(*parse_accept(beside), {"a/b", "x/y"}),
                  std::string_view(text).ends_with('"') ? "a/b" : "x/y")
            << "a quoted text without end takes the rest with it: " << beside;
    }
    std::string many;
    for (int i = 0; i < 65; ++i) many += "a/b,";
    EXPECT_EQ(parse_accept(many).error().code, ErrorCode::LimitExceeded);
}

TEST(AcceptEncoding, ReadsWeightsAndTheStar) {
    EXPECT_TRUE(accepts_encoding("gzip, deflate, br", "gzip"));
    EXPECT_TRUE(accepts_encoding("br;q=1.0, GZIP;q=0.8", "gzip"));
    EXPECT_TRUE(accepts_encoding("*", "gzip"));
    EXPECT_FALSE(accepts_encoding("gzip;q=0, *", "gzip"));
    EXPECT_FALSE(accepts_encoding("gzip; q=0.000", "gzip"));
    EXPECT_FALSE(accepts_encoding("identity", "gzip"));
    EXPECT_FALSE(accepts_encoding("", "gzip"));
}

TEST(Etag, ComparesWeaklyAndStrongly) {
    EXPECT_TRUE(etag_matches_weakly("\"a\", W/\"b,c\"", "\"b,c\""));
    EXPECT_TRUE(etag_matches_weakly("*", "\"a\""));
    EXPECT_FALSE(etag_matches_weakly("\"ab\"", "\"a\""));
    EXPECT_FALSE(etag_matches_strongly("W/\"a\"", "\"a\""));
    EXPECT_TRUE(etag_matches_strongly("W/\"b\" ,\"a\"", "\"a\""));
    for (const char* field : {"", "a", "\"a", ",,", "W/"}) {
        EXPECT_FALSE(etag_matches_weakly(field, "\"a\"")) << field;
    }
}

ByteRange range_of(std::string_view field, std::uint64_t length) {
    const auto range = parse_range(field, length);
    const auto* bytes = std::get_if<ByteRange>(&range);
    return bytes ? *bytes : ByteRange{9999, std::holds_alternative<NoRange>(range) ? 0U : 416U};
}
TEST(Range, ReadsTheFormsOfRfc9110) {
    constexpr ByteRange kNone{9999, 0};
    constexpr ByteRange kUnsatisfiable{9999, 416};
    EXPECT_EQ(range_of("bytes=0-499", 10'000), (ByteRange{0, 500}));
    EXPECT_EQ(range_of("bytes=9500-", 10'000), (ByteRange{9500, 500}));
    EXPECT_EQ(range_of("bytes=-500", 10'000), (ByteRange{9500, 500}));
    EXPECT_EQ(range_of("bytes=-20000", 10'000), (ByteRange{0, 10'000}));
    EXPECT_EQ(range_of("bytes=0-18446744073709551615", 10), (ByteRange{0, 10}));
    EXPECT_EQ(range_of("bytes=10-", 10), kUnsatisfiable);
    EXPECT_EQ(range_of("bytes=-0", 10), kUnsatisfiable);
    EXPECT_EQ(range_of("bytes=0-", 0), kUnsatisfiable);
    for (const char* field : {"bytes=5-4", "bytes=a-b", "bytes=1-2,4-5", "items=0-1", "bytes=",
                              "bytes=-", "bytes=0--1", "bytes=99999999999999999999-"}) {
        EXPECT_EQ(range_of(field, 10), kNone) << field;
    }
}

Response make_response() {
    Response response(200, "text/plain", std::string("0123456789"));
    response.parts.emplace_back(std::make_shared<const std::string>("abcdefghij"));
    response.parts.emplace_back(FileSlice{nullptr, 1000, 100});
    response.headers.add("ETag", "\"tag\"");
    return response;
}
Response ask(Headers headers, Method method = Method::Get) {
    return with_conditions(method, headers, make_response());
}
TEST(Conditions, CutPartsForARange) {
    const auto part = ask({{"Range", "bytes=5-14"}});
    EXPECT_EQ(part.status, 206);
    EXPECT_EQ(text_of(part), "56789abcde");
    EXPECT_EQ(part.headers.get("Content-Range"), "bytes 5-14/120");
    EXPECT_EQ(part.headers.get("Accept-Ranges"), "bytes");
    EXPECT_EQ(text_of(ask({{"Range", "bytes=-90"}})), "[file 1010+90]");
    EXPECT_EQ(text_of(ask({{"Range", "bytes=19-20"}})), "j[file 1000+1]");
    EXPECT_EQ(text_of(ask({})), "0123456789abcdefghij[file 1000+100]");
    const auto beyond = ask({{"Range", "bytes=120-"}});
    EXPECT_EQ(beyond.status, 416);
    EXPECT_EQ(beyond.headers.get("Content-Range"), "bytes */120");
}

TEST(Conditions, HonourTagsBeforeRanges) {
    EXPECT_EQ(ask({{"If-None-Match", "W/\"tag\""}, {"Range", "bytes=0-1"}}).status, 304);
    EXPECT_EQ(text_of(ask({{"If-None-Match", "\"tag\""}})), "");
    EXPECT_EQ(ask({{"If-None-Match", "\"tag\""}}).headers.get("ETag"), "\"tag\"");
    EXPECT_EQ(ask({{"If-None-Match", "\"other\""}}).status, 200);
    EXPECT_EQ(ask({{"If-Match", "\"other\""}}).status, 412);
    EXPECT_EQ(ask({{"If-Match", "\"tag\""}}).status, 200);
    EXPECT_EQ(ask({{"If-Range", "\"tag\""}, {"Range", "bytes=0-1"}}).status, 206);
    EXPECT_EQ(ask({{"If-Range", "\"old\""}, {"Range", "bytes=0-1"}}).status, 200);
    EXPECT_EQ(
        ask({{"If-Range", "Wed, 21 Oct 2015 07:28:00 GMT"}, {"Range", "bytes=0-1"}}).status,
        200);
    EXPECT_EQ(ask({{"Range", "bytes=0-1"}}, Method::Post).status, 200);
}

TEST(Compress, ShrinksTextForThoseWhoTakeIt) {
    const std::string text(5000, 'a');
    const auto make = [&](std::string_view type) {
        Response response(200, type, text);
        response.headers.add("ETag", "\"t\"");
        return response;
    };
    const Headers takes{{"Accept-Encoding", "gzip"}};
    const auto small = compress_if_accepted(takes, make("application/dicom+json"));
    EXPECT_EQ(small.headers.get("Content-Encoding"), "gzip");
    EXPECT_EQ(small.headers.get("Vary"), "Accept-Encoding");
    EXPECT_EQ(small.headers.get("ETag"), "\"t-gzip\"");
    EXPECT_LT(*small.length(), 200);
    EXPECT_EQ(text_of(small).substr(0, 2), "\x1f\x8b");
    EXPECT_EQ(text_of(compress_if_accepted({}, make("text/html"))), text);
    EXPECT_EQ(compress_if_accepted({}, make("text/html")).headers.get("Vary"),
              "Accept-Encoding");
    EXPECT_EQ(text_of(compress_if_accepted(takes, make("image/jpeg"))), text);
    EXPECT_EQ(text_of(compress_if_accepted(takes, make("text/html"), 6000)), text);
    EXPECT_EQ(text_of(compress_if_accepted(takes, make("text/html"), 0, 4000)), text);
}

TEST(Headers, CompareNamesWithoutCase) {
    Headers headers{{"Accept", "a"}, {"X", "1"}, {"accept", "b"}};
    EXPECT_EQ(headers.get("ACCEPT"), "a");
    EXPECT_EQ(headers.joined("Accept"), "a, b");
    headers.set("accept", headers.get("X"));
    EXPECT_EQ(headers.joined("Accept"), "1");
    headers.remove("x");
    EXPECT_FALSE(headers.has("X"));
    EXPECT_TRUE(list_has_token("keep-alive, Upgrade", "upgrade"));
    EXPECT_FALSE(list_has_token("closed", "close"));
}

}  // namespace
}  // namespace larmor::http
