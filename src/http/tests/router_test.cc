#include "http/router.h"

#include "async/sync_wait.h"

namespace larmor::http {
namespace {

Task<Response> name_and_parameters(Request request) {
    std::string text = request.route->name;
    for (const auto& [name, value] : request.path_parameters)
        text.append(" ").append(name).append("=").append(value);
    co_return Response(200, "text/plain", std::move(text));
}

class RouterTest : public testing::Test {
protected:
    void add(Method method, std::string pattern, std::string name) {
        router_.add({.method = method,
                     .pattern = std::move(pattern),
                     .name = std::move(name),
                     .right = Right("read"),
                     .handler = name_and_parameters});
    }
    Response ask(Method method, std::string path) {
        Request request;
        request.method = method;
        request.path = std::move(path);
        auto decision = router_.on_head(request);
        if (decision.answer) return *std::move(decision.answer);
        return async::sync_wait(router_.handle(std::move(request)));
    }
    std::string text_of(Method method, std::string path) {
        const auto response = ask(method, std::move(path));
        if (response.status != 200) return std::to_string(response.status);
        return std::get<std::string>(response.parts.at(0));
    }
    Router router_;
};

TEST_F(RouterTest, FindsTheMostExactPattern) {
    add(Method::Get, "/", "root");
    add(Method::Get, "/studies", "studies");
    add(Method::Get, "/studies/{study}", "study");
    add(Method::Get, "/studies/{study}/metadata", "metadata");
    add(Method::Get, "/studies/{study}/series/{series}", "series");
    add(Method::Get, "/studies/recent", "recent");
    add(Method::Get, "/web/{path...}", "web");
    EXPECT_EQ(text_of(Method::Get, "/"), "root");
    EXPECT_EQ(text_of(Method::Get, "/studies"), "studies");
    EXPECT_EQ(text_of(Method::Get, "/studies/1.2"), "study study=1.2");
    EXPECT_EQ(text_of(Method::Get, "/studies/recent"), "recent");
    EXPECT_EQ(text_of(Method::Get, "/studies/recent/metadata"), "metadata study=recent");
    EXPECT_EQ(text_of(Method::Get, "/studies/1/series/2"), "series study=1 series=2");
    EXPECT_EQ(text_of(Method::Get, "/web/a/b.js"), "web path=a/b.js");
    EXPECT_EQ(text_of(Method::Get, "/web/"), "web path=");
    EXPECT_EQ(text_of(Method::Get, "/web"), "web path=");
    EXPECT_EQ(text_of(Method::Get, "/studies/"), "404") << "a name is not empty";
    EXPECT_EQ(text_of(Method::Get, "/studies/1/series"), "404");
    EXPECT_EQ(text_of(Method::Get, "/Studies"), "404");
}

TEST_F(RouterTest, DecodesSegmentsAndRefusesTricks) {
    add(Method::Get, "/a/{name}", "name");
    add(Method::Get, "/f/{path...}", "files");
    EXPECT_EQ(text_of(Method::Get, "/a/x%20y%C3%A4"), "name name=x y\xc3\xa4");
    EXPECT_EQ(text_of(Method::Get, "/%61/x"), "name name=x");
    EXPECT_EQ(text_of(Method::Get, "/a/a+b"), "name name=a+b") << "plus is a plus in a path";
    for (const char* path :
         {"/a/..", "/a/%2e%2e", "/a/.%2E", "/a/.", "/a/x%2Fy", "/a/x%5cy", "/a/x%00",
          "/a/x%0ay", "/a/%zz", "/a/%4", "/f/a/../b", "/f/%2e%2e/x", "/f/..%2fx"}) {
        EXPECT_EQ(text_of(Method::Get, path), "400") << path;
    }
    EXPECT_EQ(text_of(Method::Get, "/a/..."), "name name=...");
}

TEST_F(RouterTest, TakesEncodedSlashesWhereTheRouteSaysSo) {
    router_.add({.method = Method::Get,
                 .pattern = "/tags/{name...}",
                 .name = "tags",
                 .right = Right("read"),
                 .handler = name_and_parameters,
                 .encoded_slashes = EncodedSlashes::Allow});
    add(Method::Post, "/tags/{name...}", "others");
    EXPECT_EQ(text_of(Method::Get, "/tags/arn%3Aa%3Ads%2F1%2fis%2F2"),
              "tags name=arn:a:ds/1/is/2");
    for (const auto* path : {"/tags/a%2F..%2Fb", "/tags/..%2Fb", "/tags/a%2F.",
                             "/tags/a%2Fb%00", "/tags%2Fa", "/other/a%2Fb"}) {
        EXPECT_EQ(ask(Method::Get, path).status, 400) << path;
    }
    EXPECT_EQ(ask(Method::Post, "/tags/a%2Fb").status, 400) << "of another route";
}

TEST_F(RouterTest, AnswersOtherMethodsWithAllow) {
    add(Method::Get, "/x", "get");
    add(Method::Post, "/x", "post");
    const auto refused = ask(Method::Delete, "/x");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.headers.get("Allow"), "OPTIONS, GET, HEAD, POST");
    const auto options = ask(Method::Options, "/x");
    EXPECT_EQ(options.status, 204);
    EXPECT_EQ(options.headers.get("Allow"), "OPTIONS, GET, HEAD, POST");
    EXPECT_EQ(text_of(Method::Head, "/x"), "get");
    EXPECT_EQ(ask(Method::Options, "/y").status, 404);
}

Task<Response> mark(std::string name, Request request, Next next) {
    auto handled = next(std::move(request));
    auto response = co_await std::move(handled);
    response.headers.add("X-Passed", name);
    co_return response;
}

TEST_F(RouterTest, RunsMiddlewareFromOutsideInAroundEverything) {
    add(Method::Get, "/x", "x");
    for (const std::string name : {"outer", "inner"}) {
        router_.add_middleware([name](Request request, Next next) {
            return mark(name, std::move(request), std::move(next));
        });
    }
    EXPECT_EQ(ask(Method::Get, "/x").headers.joined("X-Passed"), "inner, outer");
    EXPECT_EQ(ask(Method::Get, "/none").headers.joined("X-Passed"), "inner, outer");
}

TEST_F(RouterTest, LetsAHookAnswerBeforeTheBody) {
    add(Method::Post, "/x", "x");
    router_.add_head_hook([](Request& request) -> std::optional<Response> {
        if (request.route && request.route->right == Right("read")) return problem(403, "no");
        request.context = 42;
        return std::nullopt;
    });
    EXPECT_EQ(ask(Method::Post, "/x").status, 403);
    Request request;
    request.path = "/none";
    EXPECT_FALSE(router_.on_head(request).answer);
    EXPECT_EQ(std::any_cast<int>(request.context), 42);
}

TEST_F(RouterTest, RefusesRoutesThatAreWrong) {
    add(Method::Get, "/x/{a}", "x");
    EXPECT_DEATH(add(Method::Get, "/x/{b}", "y"), "method");
    EXPECT_DEATH(add(Method::Get, "x", "y"), "pattern");
    EXPECT_DEATH(add(Method::Get, "/{rest...}/x", "y"), "is_rest");
    EXPECT_DEATH(Right(""), "name_");
}
// A route without a right does not compile.
static_assert(!std::is_default_constructible_v<Right> &&
              !std::is_default_constructible_v<Route>);

}  // namespace
}  // namespace larmor::http
