#include "api/session.h"

#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::Not;

struct SessionTest : testing::Test {
    ApiServer api;

    std::string origin() const { return api.server->base_url(); }

    http::ClientResponse sign_in(const std::string& token) {
        return api.send_bare(
            {.method = "POST",
             .target = "/v1/session",
             .headers = {{"Content-Type", "application/json"}, {"Origin", origin()}},
             .body = R"({"token":")" + token + "\"}"});
    }
    /// `name=value` of Set-Cookie.
    static std::string cookie_of(const http::ClientResponse& response) {
        const std::string value(response.headers.get("Set-Cookie"));
        return value.substr(0, value.find(';'));
    }
    http::ClientResponse with_cookie(std::string_view method, std::string_view target,
                                     const std::string& cookie, http::Headers headers = {}) {
        headers.add("Cookie", cookie);
        return api.send_bare(
            {.method = method, .target = target, .headers = std::move(headers)});
    }
};

TEST_F(SessionTest, ATokenIsTradedForACookieThatScriptsCannotRead) {
    const auto response = sign_in(api.token(auth::Role::Reader));
    ASSERT_EQ(response.status, 201) << response.body;
    const std::string set_cookie(response.headers.get("Set-Cookie"));
    EXPECT_THAT(set_cookie, HasSubstr("HttpOnly"));
    EXPECT_THAT(set_cookie, HasSubstr("SameSite=Strict"));
    EXPECT_THAT(set_cookie, Not(HasSubstr(api.token(auth::Role::Reader))));
    EXPECT_THAT(response.body, HasSubstr(R"("name":"test","role":"reader","expires":")"));

    const auto shown = with_cookie("GET", "/v1/session", cookie_of(response));
    EXPECT_EQ(shown.status, 200);
    EXPECT_EQ(shown.body, response.body);
    EXPECT_EQ(with_cookie("GET", "/dicomweb/studies", cookie_of(response)).status, 200);
    EXPECT_EQ(with_cookie("GET", "/metrics", cookie_of(response)).status, 403);
}

TEST_F(SessionTest, AWrongTokenIsRefused) {
    EXPECT_EQ(sign_in("larmor_guess").status, 401);
    EXPECT_EQ(api.send_bare({.method = "GET", .target = "/v1/session", .headers = {}}).status,
              401);
}

TEST_F(SessionTest, AnotherSiteCannotSignAnybodyIn) {
    const std::string body = R"({"token":")" + api.token(auth::Role::Reader) + "\"}";
    const auto from_elsewhere = api.send_bare(
        {.method = "POST",
         .target = "/v1/session",
         .headers = {{"Content-Type", "application/json"}, {"Origin", "https://evil.example"}},
         .body = body});
    EXPECT_EQ(from_elsewhere.status, 403);
    const auto as_form = api.send_bare({.method = "POST",
                                        .target = "/v1/session",
                                        .headers = {{"Content-Type", "text/plain"}},
                                        .body = body});
    EXPECT_EQ(as_form.status, 415);
}

TEST_F(SessionTest, SigningOutEndsTheSession) {
    const std::string cookie = cookie_of(sign_in(api.token(auth::Role::Reader)));
    EXPECT_EQ(with_cookie("DELETE", "/v1/session", cookie).status, 403)
        << "a write with a cookie says where it comes from";
    const auto response = with_cookie("DELETE", "/v1/session", cookie, {{"Origin", origin()}});
    EXPECT_EQ(response.status, 204);
    EXPECT_THAT(response.headers.get("Set-Cookie"), HasSubstr("Max-Age=0"));
    EXPECT_EQ(with_cookie("GET", "/v1/session", cookie).status, 401);
}

TEST_F(SessionTest, ACookieDoesNotStoreFromAnotherSite) {
    const std::string cookie = cookie_of(sign_in(api.token(auth::Role::Writer)));
    const std::string body = multipart_body({make_instance({})});
    const auto store_from = [&](std::string_view site) {
        return api
            .send_bare({.method = "POST",
                        .target = "/dicomweb/studies",
                        .headers = {{"Content-Type", multipart_content_type()},
                                    {"Cookie", cookie},
                                    {"Sec-Fetch-Site", std::string(site)}},
                        .body = body})
            .status;
    };
    EXPECT_EQ(store_from("cross-site"), 403);
    EXPECT_EQ(store_from("same-site"), 403);
    EXPECT_EQ(store_from("same-origin"), 200);
}

TEST_F(SessionTest, TheLinkSignsInOnceAsTheAdmin) {
    const std::string code = api.sign_in_code->issue();
    const std::string url = sign_in_url(origin(), code);
    ASSERT_TRUE(url.starts_with(origin() + "/signin?code="));
    const std::string target = url.substr(origin().size());

    const auto first = api.send_bare({.method = "GET", .target = target, .headers = {}});
    EXPECT_EQ(first.status, 303);
    EXPECT_EQ(first.headers.get("Location"), "/");
    const std::string cookie = cookie_of(first);
    EXPECT_THAT(with_cookie("GET", "/v1/session", cookie).body, HasSubstr(R"("role":"admin")"));

    const auto second = api.send_bare({.method = "GET", .target = target, .headers = {}});
    EXPECT_EQ(second.status, 401);
    EXPECT_TRUE(second.headers.get("Set-Cookie").empty());
    EXPECT_EQ(with_cookie("GET", target, cookie).status, 303) << "a reload";
    EXPECT_EQ(api.send_bare({.method = "GET", .target = "/signin", .headers = {}}).status, 401);
}

TEST_F(SessionTest, TheAdminCreatesListsAndRevokesTokens) {
    const auto created =
        api.send({.method = "POST",
                  .target = "/v1/tokens",
                  .headers = {{"Content-Type", "application/json"}},
                  .body = R"({"name":"CT 2","role":"sender","lifetime":"30d"})"});
    ASSERT_EQ(created.status, 201) << created.body;
    const auto at = created.body.find(R"("token":")") + 9;
    const std::string secret = created.body.substr(at, created.body.find('"', at) - at);
    const std::string location(created.headers.get("Location"));

    const http::ClientRequest request{.method = "GET",
                                      .target = "/v1/session",
                                      .headers = {{"Authorization", "Bearer " + secret}}};
    EXPECT_THAT(api.send_bare(request).body, HasSubstr(R"("name":"CT 2","role":"sender")"));
    const auto listed = api.get("/v1/tokens");
    EXPECT_THAT(listed.body, HasSubstr(R"("name":"CT 2")"));
    EXPECT_THAT(listed.body, Not(HasSubstr(secret)));

    EXPECT_EQ(api.send({.method = "DELETE", .target = location, .headers = {}}).status, 204);
    EXPECT_EQ(api.send_bare(request).status, 401);
    EXPECT_EQ(api.send({.method = "DELETE", .target = location, .headers = {}}).status, 404);
}

TEST_F(SessionTest, RefusesTokensThatAreNone) {
    for (const auto* body : {"", "[]", "{}", R"({"name":"x","role":"reader"})",
                             R"({"name":1,"role":"reader","lifetime":"1d"})",
                             R"({"name":"x","role":"root","lifetime":"1d"})",
                             R"({"name":"x","role":"reader","lifetime":"1 day"})",
                             R"({"name":"x","role":"reader","lifetime":"1d","extra":"y"})",
                             R"({"name":"","role":"reader","lifetime":"1d"})"}) {
        const auto response = api.send({.method = "POST",
                                        .target = "/v1/tokens",
                                        .headers = {{"Content-Type", "application/json"}},
                                        .body = body});
        EXPECT_EQ(response.status, 400) << body << response.body;
    }
}

TEST(SignInOff, EverybodyOnThisMachineIsTheAdmin) {
    ApiServer api(auth::SignIn::Off);
    EXPECT_THAT(api.send_bare({.method = "GET", .target = "/v1/session", .headers = {}}).body,
                HasSubstr(R"("role":"admin")"));
    http::Client raw("127.0.0.1", api.server->port());
    ASSERT_TRUE(
        raw.write_raw("GET /dicomweb/studies HTTP/1.1\r\nHost: rebound.example\r\n\r\n"));
    const auto response = raw.read_response();
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 403) << "a name that was pointed to this machine";
}

}  // namespace
}  // namespace larmor::api
