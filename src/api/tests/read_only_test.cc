#include <gmock/gmock.h>

#include "api/tests/api_fixture.h"
#include "async/sync_wait.h"

namespace larmor::api {
namespace {

using testing::HasSubstr;

enum class Why : std::uint8_t { Switch, FailedSync };

/// Queues and jobs of a library that became read-only when they were there already.
class WorkReadOnlyTest : public testing::TestWithParam<Why> {
protected:
    std::atomic<bool> fail_row_syncs{false};
    ApiServer api{Options{}, library_options()};

    LibraryOptions library_options() {
        LibraryOptions options;
        options.fail_row_syncs = &fail_row_syncs;
        return options;
    }
    void become_read_only() {
        if (GetParam() == Why::Switch) {
            api.library->admission().set_read_only(
                {admission::Cause::Switch, "--read-only was given"});
            return;
        }
        fail_row_syncs = true;
        EXPECT_GE(api.store({make_instance({})}).status, 500);
        fail_row_syncs = false;
    }
    void expect_refused(std::string_view method, std::string_view target,
                        std::string_view body) {
        const auto refused = api.send_json(method, target, body);
        EXPECT_EQ(refused.status, 507) << method << ' ' << target << ' ' << refused.body;
        EXPECT_THAT(refused.body, HasSubstr(R"("code":"NoSpace")"));
    }
};

TEST_P(WorkReadOnlyTest, QueuesAreShownAndNoMessageIsSentTakenOrRemoved) {
    ASSERT_EQ(api.send_json("PUT", "/v1/queues/work", R"({"visibility_timeout_s":600})").status,
              201);
    const std::string_view two = R"({"messages":[{"body":"a"},{"body":"b"}]})";
    ASSERT_EQ(api.send_json("POST", "/v1/queues/work/messages", two).status, 201);
    const auto queue = api.library->queues().open("work");
    const auto taken = async::sync_wait((*queue)->receive({.messages_max = 1}));
    ASSERT_EQ(taken->size(), 1U);
    const std::string handle = R"("receipt_handle":")" + taken->at(0).receipt_handle + '"';

    become_read_only();
    expect_refused("POST", "/v1/queues/work/messages", two);
    expect_refused("POST", "/v1/queues/work/receive", "{}");
    expect_refused("POST", "/v1/queues/work/remove",
                   R"({"receipt_handles":[")" + taken->at(0).receipt_handle + R"("]})");
    expect_refused("POST", "/v1/queues/work/extend",
                   '{' + handle + R"(,"visibility_timeout_s":1})");
    expect_refused("POST", "/v1/queues/work/release", '{' + handle + '}');
    expect_refused("POST", "/v1/queues/work/dead-letter", '{' + handle + R"(,"reason":"x"})");
    expect_refused("POST", "/v1/queues/work/redrive", R"({"all":true})");
    expect_refused("POST", "/v1/queues/work/purge", R"({"what":"messages"})");
    expect_refused("PUT", "/v1/queues/work", R"({"visibility_timeout_s":1})");
    expect_refused("PUT", "/v1/queues/other", "{}");
    EXPECT_THAT(api.get("/v1/queues/work").body,
                HasSubstr(R"("waiting":1,"delayed":0,"in_flight":1,"dead":0,"depth":2)"));
    EXPECT_EQ(api.get("/v1/queues/work/dead-letters").body, R"({"dead_letters":[]})");
}

TEST_P(WorkReadOnlyTest, JobsAreShownAndNoneIsMadeEndedOrRemoved) {
    const std::string_view import = R"({"kind":"import","parameters":{"paths":["/in"]}})";
    ASSERT_EQ(api.send_json("POST", "/v1/jobs", import).status, 202);
    ASSERT_EQ(api.send_json("POST", "/v1/jobs", import).status, 202);
    ASSERT_EQ(api.send_json("POST", "/v1/jobs/2/cancel", "").status, 202);

    become_read_only();
    expect_refused("POST", "/v1/jobs", import);
    expect_refused("POST", "/v1/jobs/1/cancel", "");
    expect_refused("DELETE", "/v1/jobs/2", "");
    EXPECT_THAT(api.get("/v1/jobs/1").body, HasSubstr(R"("state":"queued")"));
    EXPECT_THAT(api.get("/v1/jobs").body, HasSubstr(R"("state":"cancelled")"));
    EXPECT_EQ(api.get("/v1/jobs/1/errors").status, 200);
}

std::string name_of_why(const testing::TestParamInfo<Why>& info) {
    return info.param == Why::Switch ? "BySwitch" : "AfterAFailedSync";
}
INSTANTIATE_TEST_SUITE_P(Library, WorkReadOnlyTest,
                         testing::Values(Why::Switch, Why::FailedSync), name_of_why);

}  // namespace
}  // namespace larmor::api
