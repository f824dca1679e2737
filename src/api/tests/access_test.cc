#include "api/access.h"

#include <simdjson.h>

#include <fstream>
#include <set>

#include "api/system.h"
#include "api/tests/api_fixture.h"
#include "base/ids.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;

struct AccessTest : testing::Test {
    static void SetUpTestSuite() { server = std::make_unique<ApiServer>(); }
    static void TearDownTestSuite() { server.reset(); }
    static inline std::unique_ptr<ApiServer> server;

    /// A path that the pattern matches.
    static std::string example_of(const http::Route& route) {
        std::string path = route.pattern;
        for (auto open = path.find('{'); open != std::string::npos; open = path.find('{')) {
            path.replace(open, path.find('}') - open + 1, "1");
        }
        return path;
    }
};

TEST_F(AccessTest, EveryRouteRefusesWhoIsNotSignedInUnlessItIsPublic) {
    std::size_t refused = 0;
    for (const http::Route* route : server->router->routes()) {
        const auto response = server->send_bare({.method = http::name_of(route->method),
                                                 .target = example_of(*route),
                                                 .headers = {}});
        if (right_of(*route) == auth::Right::Public) {
            continue;
        }
        ++refused;
        if (route->name.starts_with("healthimaging.")) {
            EXPECT_EQ(response.status, 403) << route->name;
            EXPECT_EQ(response.headers.get("X-Amzn-ErrorType"),
                      "MissingAuthenticationTokenException")
                << route->name;
            continue;
        }
        EXPECT_EQ(response.status, 401) << route->name;
        EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json")
            << route->name;
        EXPECT_THAT(response.headers.get("WWW-Authenticate"), HasSubstr("Bearer"))
            << route->name;
    }
    EXPECT_GT(refused, 20U);
}

TEST_F(AccessTest, EveryRouteRefusesRolesWithoutItsRight) {
    for (const http::Route* route : server->router->routes()) {
        const auth::Right needed = right_of(*route);
        for (const auth::Role role : auth::kRoles) {
            if (needed == auth::Right::Public || auth::allows(role, needed)) {
                continue;
            }
            const auto response = server->send({.method = http::name_of(route->method),
                                                .target = example_of(*route),
                                                .headers = {}},
                                               role);
            EXPECT_EQ(response.status, 403) << route->name << " as " << auth::name_of(role);
        }
    }
}

TEST_F(AccessTest, PublicRoutesAreThoseThatWeMeant) {
    std::set<std::string> names;
    for (const http::Route* route : server->router->routes()) {
        if (right_of(*route) == auth::Right::Public) {
            names.insert(route->name);
        }
    }
    EXPECT_EQ(names, (std::set<std::string>{"capabilities", "events.receive", "session.create",
                                            "session.link", "system.health", "system.openapi",
                                            "system.readiness"}));
}

TEST_F(AccessTest, ABodyIsNotReadBeforeTheRightIsChecked) {
    http::Client raw("127.0.0.1", server->server->port());
    ASSERT_TRUE(
        raw.write_raw("POST /dicomweb/studies HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                      "Content-Type: application/dicom\r\n"
                      "Content-Length: 1000000000\r\n\r\n"));
    const auto response = raw.read_response();
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 401);
}

TEST_F(AccessTest, AnExpiredOrRevokedTokenIsRefused) {
    auto& credentials = server->library->credentials();
    const auto token = credentials.issue_and_wait({.kind = auth::Kind::Token,
                                                   .name = "short",
                                                   .role = auth::Role::Reader,
                                                   .lifetime = std::chrono::hours(1),
                                                   .parent_id = {}});
    ASSERT_TRUE(token);
    const http::ClientRequest request{
        .method = "GET",
        .target = "/dicomweb/studies",
        .headers = {{"Authorization", "Bearer " + token->secret}}};
    EXPECT_EQ(server->send_bare(request).status, 200);
    ASSERT_TRUE(credentials.revoke_and_wait(token->credential.id));
    EXPECT_EQ(server->send_bare(request).status, 401);
}

TEST_F(AccessTest, EveryAnswerForbidsGuessingItsType) {
    for (const auto* target : {"/healthz", "/dicomweb/studies", "/nothing/here"}) {
        const auto response =
            server->send_bare({.method = "GET", .target = target, .headers = {}});
        EXPECT_EQ(response.headers.joined("X-Content-Type-Options"), "nosniff") << target;
    }
    EXPECT_EQ(server->get("/dicomweb/studies").headers.joined("X-Content-Type-Options"),
              "nosniff");
}

/// `GET /dicomweb/studies/{study}` of every operation.
std::set<std::string> documented_routes() {
    std::set<std::string> routes;
    simdjson::dom::parser parser;
    const simdjson::padded_string text(openapi_document());
    simdjson::dom::element document;
    EXPECT_EQ(parser.parse(text).get(document), simdjson::SUCCESS);
    for (const auto [path, operations] : document["paths"].get_object()) {
        for (const auto [method, operation] : operations.get_object()) {
            std::string name(method);
            for (char& c : name) {
                c = static_cast<char>(std::toupper(c));
            }
            std::string_view right;
            EXPECT_EQ(operation["x-right"].get(right), simdjson::SUCCESS) << path;
            routes.insert(name + " " + std::string(path) + " " + std::string(right));
        }
    }
    return routes;
}

TEST(OpenApi, DocumentsExactlyTheRoutesThatThereAre) {
    const std::filesystem::path web =
        std::filesystem::temp_directory_path() / ("larmor-web-" + random_id());
    std::filesystem::create_directories(web);
    std::ofstream(web / "index.html") << "<!doctype html><title>page</title>";
    {
        const ApiServer api(auth::SignIn::Required, web);
        std::set<std::string> routes;
        for (const http::Route* route : api.router->routes()) {
            std::string pattern = route->pattern;
            if (const auto dots = pattern.find("...}"); dots != std::string::npos) {
                pattern.erase(dots, 3);
            }
            routes.insert(std::string(http::name_of(route->method)) + " " + pattern + " " +
                          route->right.name());
        }
        EXPECT_EQ(routes, documented_routes());
    }
    std::filesystem::remove_all(web);
}

TEST_F(AccessTest, TheDocumentIsServedToEverybody) {
    const auto response =
        server->send_bare({.method = "GET", .target = "/openapi.json", .headers = {}});
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, openapi_document());
    const std::string etag(response.headers.get("ETag"));
    EXPECT_EQ(server
                  ->send_bare({.method = "GET",
                               .target = "/openapi.json",
                               .headers = {{"If-None-Match", etag}}})
                  .status,
              304);
}

TEST_F(AccessTest, HealthAndMetricsAnswer) {
    EXPECT_EQ(server->send_bare({.method = "GET", .target = "/healthz", .headers = {}}).body,
              R"({"status":"ok"})");
    EXPECT_EQ(server->send_bare({.method = "GET", .target = "/readyz", .headers = {}}).body,
              R"({"status":"ready"})");
    const auto metrics = server->send({.method = "GET", .target = "/metrics", .headers = {}},
                                      auth::Role::Monitor);
    EXPECT_EQ(metrics.status, 200);
    EXPECT_THAT(metrics.body, HasSubstr("# TYPE larmor_"));
}

}  // namespace
}  // namespace larmor::api
