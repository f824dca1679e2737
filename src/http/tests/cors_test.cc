#include "http/cors.h"

namespace larmor::http {
namespace {

class CorsTest : public testing::Test {
protected:
    static Request from(std::string_view origin, Method method = Method::Get) {
        Request request;
        request.method = method;
        if (!origin.empty()) request.headers.add("Origin", origin);
        return request;
    }
    Response applied(std::string_view origin) const {
        Response response(200);
        response.headers.add("Cross-Origin-Resource-Policy", "same-origin");
        policy_.apply(origin, response);
        return response;
    }
    CorsPolicy policy_ =
        CorsPolicy::parse({"https://viewer.example", "http://localhost:3000"}).value();
};

TEST_F(CorsTest, LetsNamedOriginsReadAnswers) {
    const auto allowed = applied("http://localhost:3000");
    EXPECT_EQ(allowed.headers.get("Access-Control-Allow-Origin"), "http://localhost:3000");
    EXPECT_EQ(allowed.headers.get("Access-Control-Allow-Credentials"), "true");
    EXPECT_EQ(allowed.headers.get("Cross-Origin-Resource-Policy"), "cross-origin");
    EXPECT_NE(allowed.headers.get("Access-Control-Expose-Headers").find("Warning"),
              std::string_view::npos);
    for (const auto* origin :
         {"", "null", "https://viewer.example.evil", "http://viewer.example",
          "https://viewer.example:444", "https://VIEWER.example", "http://localhost:30001"}) {
        const auto refused = applied(origin);
        EXPECT_FALSE(refused.headers.has("Access-Control-Allow-Origin")) << origin;
        EXPECT_EQ(refused.headers.get("Cross-Origin-Resource-Policy"), "same-origin");
        EXPECT_EQ(refused.headers.get("Vary"), "Origin") << "caches must tell them apart";
    }
}

TEST_F(CorsTest, AnswersPreflights) {
    auto request = from("https://viewer.example", Method::Options);
    EXPECT_FALSE(policy_.preflight(request)) << "a plain OPTIONS is for the router";
    request.headers.add("Access-Control-Request-Method", "DELETE");
    request.headers.add("Access-Control-Request-Headers", "authorization");
    const auto answer = policy_.preflight(request);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 204);
    EXPECT_EQ(answer->headers.get("Access-Control-Allow-Origin"), "https://viewer.example");
    EXPECT_NE(answer->headers.get("Access-Control-Allow-Methods").find("DELETE"),
              std::string_view::npos);
    EXPECT_NE(answer->headers.get("Access-Control-Allow-Headers").find("Authorization"),
              std::string_view::npos);

    auto stranger = from("https://evil.example", Method::Options);
    stranger.headers.add("Access-Control-Request-Method", "GET");
    EXPECT_FALSE(policy_.preflight(stranger));
}

TEST_F(CorsTest, SaysNothingWhereNobodyIsAllowed) {
    Response response(200);
    CorsPolicy{}.apply("https://viewer.example", response);
    EXPECT_TRUE(response.headers.get("Vary").empty());
    EXPECT_FALSE(response.headers.has("Access-Control-Allow-Origin"));
}

TEST_F(CorsTest, TakesExactOriginsOnly) {
    for (const auto* bad : {"*", "null", "", "viewer.example", "https://", "https://a/",
                            "https://a.example/path", "https://*.example", "ftp://a.example",
                            "https://A.example", "https://a.example\r\nX: y"}) {
        EXPECT_FALSE(CorsPolicy::parse({bad})) << bad;
    }
}

}  // namespace
}  // namespace larmor::http
