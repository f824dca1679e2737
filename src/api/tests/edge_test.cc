#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;

/// The RetrieveURL of the only study, as this request sees it.
std::string retrieve_url(ApiServer& api, const http::Headers& headers) {
    const std::string body = api.get("/dicomweb/studies", headers).body;
    const std::string_view before = R"("00081190":{"vr":"UR","Value":[")";
    const auto at = body.find(before);
    if (at == std::string::npos) {
        return body;
    }
    const auto begin = at + before.size();
    return body.substr(begin, body.find('"', begin) - begin);
}

TEST(Edge, AConfiguredBaseUrlIsTheOneOfAllLinks) {
    Options options;
    options.base_url = parse_base_url("https://pacs.example/larmor/").value();
    ApiServer api(std::move(options));
    const auto stored = api.store({make_instance({})});
    EXPECT_THAT(stored.body, HasSubstr("https://pacs.example/larmor/dicomweb/studies/1.2.3"));
    EXPECT_EQ(retrieve_url(api, {}), "https://pacs.example/larmor/dicomweb/studies/1.2.3");
    EXPECT_THAT(api.get("/dicomweb/studies/1.2.3/metadata").body,
                HasSubstr(R"("BulkDataURI":"https://pacs.example/larmor/dicomweb/studies/)"));
}

TEST(Edge, ForwardedCountsFromTrustedProxiesOnly) {
    const http::Headers forwarded{{"Forwarded", "for=9.9.9.9;host=images.example;proto=https"}};
    ApiServer direct;
    direct.store({make_instance({})});
    EXPECT_EQ(retrieve_url(direct, forwarded), direct.base() + "/studies/1.2.3");

    Options options;
    options.trusted_proxies = http::TrustedProxies::parse({"127.0.0.0/8"}).value();
    ApiServer behind(std::move(options));
    behind.store({make_instance({})});
    EXPECT_EQ(retrieve_url(behind, forwarded), "https://images.example/dicomweb/studies/1.2.3");
    EXPECT_EQ(retrieve_url(behind, {}), behind.base() + "/studies/1.2.3");
}

TEST(Edge, PagesOfNamedOriginsMayAskAndReadEvenRefusals) {
    Options options;
    options.cors = http::CorsPolicy::parse({"https://viewer.example"}).value();
    ApiServer api(std::move(options));
    const auto preflight =
        api.send_bare({.method = "OPTIONS",
                       .target = "/dicomweb/studies",
                       .headers = {{"Origin", "https://viewer.example"},
                                   {"Access-Control-Request-Method", "GET"}}});
    EXPECT_EQ(preflight.status, 204);
    EXPECT_THAT(std::string(preflight.headers.get("Access-Control-Allow-Headers")),
                HasSubstr("Authorization"));
    const auto allowed = api.get("/dicomweb/studies", {{"Origin", "https://viewer.example"}});
    EXPECT_EQ(allowed.status, 200);
    EXPECT_EQ(allowed.headers.get("Access-Control-Allow-Origin"), "https://viewer.example");
    EXPECT_EQ(allowed.headers.get("Cross-Origin-Resource-Policy"), "cross-origin");
    const auto refused = api.send_bare(
        {.target = "/dicomweb/studies", .headers = {{"Origin", "https://viewer.example"}}});
    EXPECT_EQ(refused.status, 401);
    EXPECT_EQ(refused.headers.get("Access-Control-Allow-Origin"), "https://viewer.example");

    const auto stranger = api.get("/dicomweb/studies", {{"Origin", "https://evil.example"}});
    EXPECT_FALSE(stranger.headers.has("Access-Control-Allow-Origin"));
    EXPECT_EQ(stranger.headers.get("Cross-Origin-Resource-Policy"), "same-origin");
}

TEST(Edge, ABaseUrlHasASchemeAHostAndAPlainPath) {
    EXPECT_EQ(parse_base_url("http://a.example:8080").value(), "http://a.example:8080");
    EXPECT_EQ(parse_base_url("https://a/b/c-d_e.f~/").value(), "https://a/b/c-d_e.f~");
    for (const auto* bad : {"", "a.example", "ftp://a", "https://", "https://a/b?c",
                            "https://a/#", "https://a/b c", "https://u:p@a", "https://a/%2e"}) {
        EXPECT_FALSE(parse_base_url(bad)) << bad;
    }
}

}  // namespace
}  // namespace larmor::api
