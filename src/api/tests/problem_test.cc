#include "api/problem.h"

namespace larmor::api {
namespace {

TEST(Problem, SaysWhatHappenedInTheFormOfRfc9457) {
    EXPECT_EQ(problem_json({ErrorCode::NotFound, "no study \"1.2\""}, "abc"),
              R"({"type":"about:blank","title":"Not Found","status":404,)"
              R"("detail":"no study \"1.2\"","instance":"urn:larmor:request:abc",)"
              R"("code":"NotFound"})");
}

TEST(Problem, TheHandlerMayKnowTheStatusBetter) {
    const auto json = problem_json({ErrorCode::Unsupported, "no XML"}, "1", 415);
    EXPECT_THAT(json, testing::HasSubstr(R"("title":"Unsupported Media Type","status":415)"));
}

TEST(Problem, NeverSendsBytesThatAreNoText) {
    const auto json = problem_json({ErrorCode::InvalidInput, "bad \xff\xfe"}, "1");
    EXPECT_EQ(json.find('\xff'), std::string::npos);
}

TEST(Problem, SaysHowToSignIn) {
    const auto response = problem({}, {ErrorCode::Unauthenticated, "who are you"});
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(response.headers.get("WWW-Authenticate"), "Bearer realm=\"larmor\"");
    EXPECT_EQ(response.headers.get("Content-Type"), "application/problem+json");
}

TEST(Problem, EveryErrorHasAStatusWithAName) {
    const std::pair<ErrorCode, int> expected[] = {
        {ErrorCode::InvalidInput, 400},  {ErrorCode::NotFound, 404},
        {ErrorCode::Conflict, 409},      {ErrorCode::Unsupported, 406},
        {ErrorCode::LimitExceeded, 413}, {ErrorCode::Unauthenticated, 401},
        {ErrorCode::Denied, 403},        {ErrorCode::Unavailable, 503},
        {ErrorCode::NoSpace, 507},       {ErrorCode::Corrupt, 500},
        {ErrorCode::Cancelled, 503},
    };
    for (const auto& [code, status] : expected) {
        EXPECT_EQ(status_of(code), status) << name_of(code);
        EXPECT_NE(http::reason_of(status), "Unknown") << status;
    }
}

}  // namespace
}  // namespace larmor::api
