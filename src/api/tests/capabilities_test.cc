#include "api/dicomweb/capabilities.h"

#include <fstream>

#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::Not;

http::ClientResponse options(ApiServer& api, const std::string& path,
                             std::string_view accept = {}) {
    http::ClientRequest request;
    request.method = "OPTIONS";
    request.target = path;
    if (!accept.empty()) {
        request.headers.add("Accept", accept);
    }
    return api.send_bare(request);
}

// PS3.18 section 8.9 and annex H.
TEST(Capabilities, NameEveryRouteOfTheService) {
    ApiServer api;
    const auto response = options(api, "/dicomweb");
    ASSERT_EQ(response.status, 200) << response.body;
    EXPECT_EQ(response.headers.get("Content-Type"), "application/vnd.sun.wadl+xml");
    EXPECT_THAT(response.body, HasSubstr("<resources base=\"" + api.base() + "\">"));
    std::size_t routes = 0;
    for (const http::Route* route : api.router->routes()) {
        const bool is_of_service =
            route->pattern.starts_with("/dicomweb/") && route->method != http::Method::Options;
        const std::string id = "id=\"" + route->name + "\"";
        EXPECT_THAT(response.body, is_of_service
                                       ? testing::Matcher<std::string>(HasSubstr(id))
                                       : testing::Matcher<std::string>(Not(HasSubstr(id))));
        routes += is_of_service ? 1 : 0;
    }
    EXPECT_GT(routes, 20U);
    EXPECT_EQ(options(api, "/dicomweb/").body, response.body);
    EXPECT_EQ(options(api, "/dicomweb", "application/vnd.sun.wadl+xml").body, response.body);
    EXPECT_EQ(options(api, "/dicomweb", "image/png").status, 406);
    EXPECT_EQ(api.get("/dicomweb").status, 405);
}

/// Python's parser reads it, and finds the resources where the paths say.
TEST(Capabilities, AreAWellFormedTree) {
    ApiServer api;
    const auto path = api.folder / "capabilities.xml";
    std::ofstream(path) << options(api, "/dicomweb").body;
    const auto said = ask_oracle({"wadl", path.string()});
    EXPECT_THAT(said, testing::Contains("GET studies search.studies"));
    EXPECT_THAT(said, testing::Contains("POST studies store.instances"));
    EXPECT_THAT(said, testing::Contains("DELETE studies/{study} delete.study"));
    EXPECT_THAT(said, testing::Contains("GET studies/{study}/series/{series}/instances/"
                                        "{instance}/frames/{frames}/rendered rendered.frame"));
    EXPECT_THAT(said, testing::Contains("GET series search.series"));
}

}  // namespace
}  // namespace larmor::api
