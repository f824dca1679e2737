#include "reassembly/run/request.h"

#include <gtest/gtest.h>

namespace larmor::reassembly::run {
namespace {

constexpr std::uint64_t kPlannedMiB = 1 << 20;

/// What a plan lets a run hold while it goes through images.
std::uint64_t shared_out(const MemoryPlan& plan) {
    return plan.index_bytes + plan.spool_bytes + plan.rows_bytes +
           plan.probe_threads *
               (plan.window_bytes + plan.member_max_bytes + plan.gathered_bytes);
}

TEST(PlanMemory, CountsWhatIsUnderWayFromS3AndToIt) {
    for (const unsigned threads : {1U, 8U, 32U}) {
        const auto memory = 128 * kPlannedMiB * threads + 512 * kPlannedMiB;
        const auto here = plan_memory(memory, threads, {});
        const auto from = plan_memory(memory, threads, {.archives = true});
        const auto both = plan_memory(memory, threads, {.archives = true, .output = true});
        ASSERT_TRUE(here && from && both);

        // Two windows of 4 MiB, and a put of 8 MiB with a piece of its member.
        const auto windows = 2 * threads * 2 * 4 * kPlannedMiB,
                   puts = 2 * threads * 9 * kPlannedMiB;
        EXPECT_LE(shared_out(*here), memory);
        EXPECT_LE(shared_out(*from) + windows, memory);
        EXPECT_LE(shared_out(*both) + windows + puts, memory);
        EXPECT_LT(both->index_bytes, from->index_bytes);
        EXPECT_LT(from->index_bytes, here->index_bytes);
    }
}

TEST(PlanMemory, RefusesLessThanItsThreadsTake) {
    EXPECT_TRUE(plan_memory(576 * kPlannedMiB, 8, {}));
    const auto too_little =
        plan_memory(576 * kPlannedMiB, 8, {.archives = true, .output = true});
    ASSERT_FALSE(too_little);
    EXPECT_EQ(too_little.error().code, ErrorCode::LimitExceeded);
    EXPECT_NE(too_little.error().message.find("848 MiB"), std::string::npos)
        << too_little.error().message;
}

TEST(PlanMemory, SeesWhatIsInS3) {
    Request request;
    request.metadata = {"/cold/metadata"};
    request.images = {"/cold/image", "s3://cold/image"};
    request.output = "/out";
    EXPECT_TRUE(in_s3(request).archives);
    EXPECT_FALSE(in_s3(request).output);
    request.images.pop_back();
    request.output = "s3://ml/run";
    EXPECT_FALSE(in_s3(request).archives);
    EXPECT_TRUE(in_s3(request).output);
}

}  // namespace
}  // namespace larmor::reassembly::run
