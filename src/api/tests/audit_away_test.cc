#include <gmock/gmock.h>

#include "api/tests/api_fixture.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;
using testing::Not;

/// A server that can't write its audit trail from some moment on.
class AuditAwayTest : public testing::Test {
protected:
    std::atomic<bool> fails{false};
    ApiServer api{Options{}, library_options()};

    LibraryOptions library_options() {
        LibraryOptions options;
        options.fail_audit_syncs = &fails;
        return options;
    }
    /// The next record finds it out.
    void lose_the_trail() {
        ASSERT_EQ(api.store({make_instance({})}).status, 200);
        fails = true;
        expect_refused(api.get("/dicomweb/studies/1.2.3/metadata"));
    }
    static void expect_refused(const http::ClientResponse& response) {
        EXPECT_EQ(response.status, 503) << response.body;
        EXPECT_THAT(response.body, HasSubstr("the audit trail can't be written"));
        EXPECT_THAT(response.body, Not(HasSubstr("Doe"))) << "what would have been shown";
    }
};

TEST_F(AuditAwayTest, NothingIsShownThatIsNotOnRecord) {
    lose_the_trail();
    expect_refused(api.get("/dicomweb/instances"));
    expect_refused(api.get("/dicomweb/studies/1.2.3"));
    EXPECT_EQ(api.get("/readyz").status, 503);
    EXPECT_EQ(api.get("/healthz").status, 200);
}

TEST_F(AuditAwayTest, NoRuleNoQueueAndNoJobIsChanged) {
    lose_the_trail();
    expect_refused(api.send_json("PUT", "/v1/rules/r",
                                 R"({"pattern":{"a":[1]},"targets":[{"queue":"work"}]})"));
    EXPECT_EQ(api.get("/v1/rules").body, "[]");
    EXPECT_EQ(api.get("/v1/queues/work").status, 404) << "nor a queue for it";
    expect_refused(api.send_json("PUT", "/v1/queues/work", "{}"));
    EXPECT_EQ(api.get("/v1/queues/work").status, 404);
    expect_refused(api.send_json("POST", "/v1/jobs",
                                 R"({"kind":"import","parameters":{"paths":["/in"]}})"));
    EXPECT_EQ(api.get("/v1/jobs").body, R"({"jobs":[],"next":null})");
    EXPECT_EQ(api.library->jobs().queue.stats()->depth(), 0);
}

TEST_F(AuditAwayTest, AJobAndARuleThatAreThereStayAsTheyAre) {
    const std::string_view rule = R"({"pattern":{"a":[1]},"targets":[{"queue":"work"}]})";
    ASSERT_EQ(api.send_json("PUT", "/v1/rules/r", rule).status, 201);
    ASSERT_EQ(
        api.send_json("POST", "/v1/jobs", R"({"kind":"import","parameters":{"paths":["/in"]}})")
            .status,
        202);
    lose_the_trail();
    expect_refused(api.send_json("POST", "/v1/jobs/1/cancel", ""));
    expect_refused(api.send_json("DELETE", "/v1/jobs/1", ""));
    expect_refused(api.send_json("DELETE", "/v1/rules/r", ""));
    EXPECT_THAT(api.get("/v1/jobs/1").body, HasSubstr(R"("state":"queued")"));
    EXPECT_THAT(api.get("/v1/rules").body, HasSubstr(R"("name":"r")"));
}

}  // namespace
}  // namespace larmor::api
