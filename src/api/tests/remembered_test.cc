#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr auto kSeries = "/dicomweb/studies/1.2.3/series/1.2.3.1/metadata";

TEST(RememberedMetadata, IsWhatWasSentAtFirst) {
    ApiServer api;
    ASSERT_EQ(api.store({make_instance({}), make_instance({.instance = "1.2.3.1.2"})}).status,
              200);
    const auto first = api.get(kSeries);
    const auto again = api.get(kSeries);
    EXPECT_EQ(again.body, first.body);
    EXPECT_EQ(again.headers.get("Content-Type"), first.headers.get("Content-Type"));
    EXPECT_EQ(again.headers.get("ETag"), first.headers.get("ETag"));
    const auto compressed = api.get(kSeries, {{"Accept-Encoding", "gzip"}});
    const auto compressed_again = api.get(kSeries, {{"Accept-Encoding", "gzip"}});
    EXPECT_EQ(compressed_again.headers.get("Content-Encoding"), "gzip");
    EXPECT_EQ(compressed_again.body, compressed.body);
    EXPECT_EQ(api.send({.method = "HEAD", .target = kSeries}).body, "");
}

TEST(RememberedMetadata, IsNotShownOnceThereIsMore) {
    ApiServer api;
    ASSERT_EQ(api.store({make_instance({})}).status, 200);
    EXPECT_THAT(api.get(kSeries).body, Not(HasSubstr("\"1.2.3.1.2\"")));
    ASSERT_EQ(api.store({make_instance({.instance = "1.2.3.1.2"})}).status, 200);
    EXPECT_THAT(api.get(kSeries).body, HasSubstr("\"1.2.3.1.2\""));
}

TEST(RememberedMetadata, HasTheUrlsOfWhoeverAsks) {
    Options options;
    options.trusted_proxies = http::TrustedProxies::parse({"127.0.0.0/8"}).value();
    ApiServer api(std::move(options));
    ASSERT_EQ(api.store({make_instance({.pixel_bytes = 2048})}).status, 200);
    for (const std::string host : {"one.example", "two.example", "one.example"}) {
        EXPECT_THAT(api.get(kSeries, {{"Forwarded", "host=" + host + ";proto=http"}}).body,
                    HasSubstr("http://" + host + "/dicomweb/studies/1.2.3/"))
            << host;
    }
}

constexpr auto kFrame = "/dicomweb/studies/1.2.3/series/1.2.3.1/instances/1.2.3.1.1/frames/1";
constexpr auto kOctets = "application/octet-stream";
constexpr auto kMultipart = "multipart/related; type=\"application/octet-stream\"";

TEST(RememberedFrames, AreGivenAgainInTheFormThatIsAskedFor) {
    ApiServer api;
    ASSERT_EQ(api.store({make_instance({.pixel = 'x'})}).status, 200);
    api.wait_until_prepared();
    const std::string pixels(512, 'x');
    for (int i = 0; i < 2; ++i) {
        const auto alone = api.get(kFrame, {{"Accept", kOctets}});
        EXPECT_EQ(alone.body, pixels);
        EXPECT_THAT(std::string(alone.headers.get("Content-Type")), HasSubstr(kOctets));
        const auto parts = parts_of(api.get(kFrame, {{"Accept", kMultipart}}));
        ASSERT_EQ(parts.size(), 1U);
        EXPECT_EQ(parts[0].data, pixels);
        EXPECT_EQ(api.get(kFrame, {{"Accept", "image/jls"}}).status, 406);
        const auto range = api.get(kFrame, {{"Accept", kOctets}, {"Range", "bytes=500-599"}});
        EXPECT_EQ(range.status, 206);
        EXPECT_EQ(range.body, std::string(12, 'x'));
        for (const auto* accept : {kOctets, kMultipart}) {
            const std::string etag(api.get(kFrame, {{"Accept", accept}}).headers.get("ETag"));
            EXPECT_EQ(api.get(kFrame, {{"Accept", accept}, {"If-None-Match", etag}}).status,
                      304);
        }
        EXPECT_EQ(
            api.send({.method = "HEAD", .target = kFrame, .headers = {{"Accept", kOctets}}})
                .headers.get("Content-Length"),
            "512");
    }
    EXPECT_EQ(
        api.get(kFrame + std::string("?accept=image/jls"), {{"Accept", "image/jls"}}).status,
        406);
}

TEST(RememberedFrames, AreNotThoseOfAnInstanceThatWasDeletedAndStoredAnew) {
    ApiServer api;
    for (const char pixel : {'a', 'b'}) {
        ASSERT_EQ(api.store({make_instance({.pixel = pixel})}).status, 200);
        api.wait_until_prepared();
        for (int i = 0; i < 2; ++i) {
            EXPECT_EQ(api.get(kFrame, {{"Accept", kOctets}}).body, std::string(512, pixel));
        }
        ASSERT_EQ(api.send({.method = "DELETE", .target = "/dicomweb/studies/1.2.3"}).status,
                  204);
        EXPECT_EQ(api.get(kFrame, {{"Accept", kOctets}}).status, 404);
    }
}

TEST(RememberedFrames, AreShownOnlyToWhoMaySeeThem) {
    ApiServer api;
    ASSERT_EQ(api.store({make_instance({})}).status, 200);
    api.wait_until_prepared();
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(api.get(kFrame, {{"Accept", kOctets}}).status, 200);
        EXPECT_EQ(
            api.send_bare({.method = "GET", .target = kFrame, .headers = {{"Accept", kOctets}}})
                .status,
            401);
        EXPECT_EQ(
            api.send({.method = "GET", .target = kFrame, .headers = {{"Accept", kOctets}}},
                     auth::Role::Monitor)
                .status,
            403);
    }
}

}  // namespace
}  // namespace larmor::api
