#include "reassembly/plan/plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace larmor::reassembly::plan {
namespace {

using std::string_view_literals::operator""sv;

/// Numbers that one can reckon with: a rate of one unit a second for what a test looks at, and
/// no limit for all else.
Prices easy_prices() {
    constexpr double kNoLimit = 1e18;
    Prices prices;
    prices.restore_days = 1;
    prices.restore_requests_per_second = kNoLimit;
    prices.store = {.gib_month_price = 0,
                    .thousand_puts_price = 0,
                    .thousand_gets_price = 0,
                    .read_bytes = 1 << 20,
                    .puts_per_second = kNoLimit,
                    .gets_per_second = kNoLimit};
    prices.instance = {.header_bytes = 1000, .index_bytes = 16, .spool_bytes = 800};
    prices.machine = {.hour_price = 0,
                      .processors = 1,
                      .memory_bytes = std::uint64_t{1} << 30,
                      .read_bytes_per_second = kNoLimit,
                      .write_bytes_per_second = kNoLimit,
                      .scanned_members_per_second = kNoLimit,
                      .joined_uids_per_second = kNoLimit,
                      .fused_members_per_second = kNoLimit,
                      .random_reads_per_second = kNoLimit};
    prices.worker = {.hour_price = 0,
                     .read_bytes_per_second = kNoLimit,
                     .write_bytes_per_second = kNoLimit,
                     .unpacked_members_per_second = kNoLimit,
                     .fused_members_per_second = kNoLimit};
    prices.state = {.hour_price = 0, .updates_per_second = kNoLimit};
    prices.tiers = {{.name = "standard",
                     .first_ready_hours = 3,
                     .all_ready_hours = 5,
                     .gib_price = 0,
                     .thousand_requests_price = 0,
                     .large_from_bytes = 0,
                     .large_bytes_per_second = 0,
                     .never_expires = false}};
    return prices;
}

Workload some_work() {
    return {.instances = 3600,
            .metadata = {.archives = 10, .bytes = 36'000, .largest_bytes = 3600},
            .images = {.archives = 20, .bytes = 360'000, .largest_bytes = 18'000}};
}

Plan planned(const Workload& workload, const Prices& prices, unsigned workers) {
    auto plan = make_plan(workload, prices, workers);
    EXPECT_TRUE(plan) << plan.error().message;
    return plan ? *std::move(plan) : Plan{};
}

TEST(PlanReassembly, PricesOneRandomReadAnInstanceWhileTheIndexFitsAndTwoWhenItIsSpilled) {
    auto prices = easy_prices();
    prices.machine.random_reads_per_second = 66'000;
    auto work = some_work();
    work.instances = 1'000'000'000;

    // 1e9 / 66,000 / 3600 = 4.2088 h. The index wants 16 GB, and has half of the memory.
    prices.machine.memory_bytes = std::uint64_t{64} << 30;
    const auto fits = planned(work, prices, 1);
    EXPECT_EQ(fits.placement.reads_per_instance, 1U);
    EXPECT_NEAR(fits.one.hours, 4.2088, 0.0001);
    EXPECT_EQ(fits.one.steps.back().limited_by, "random reads"sv);

    prices.machine.memory_bytes = std::uint64_t{24} << 30;
    const auto spilled = planned(work, prices, 1);
    EXPECT_EQ(spilled.placement.reads_per_instance, 2U);
    EXPECT_NEAR(spilled.one.hours, 8.4175, 0.0001);

    // 800 GB of spool and 16 GB of index in 8 TiB: nothing is read at random.
    prices.machine.memory_bytes = std::uint64_t{8} << 40;
    EXPECT_EQ(planned(work, prices, 1).placement.reads_per_instance, 0U);
    EXPECT_NEAR(planned(work, prices, 1).one.hours, 0, 0.0001);
}

TEST(PlanReassembly, TakesTheSlowestPartOfEachStepAndNamesIt) {
    auto prices = easy_prices();
    prices.machine.read_bytes_per_second = 10;        // 36,000 bytes: 3600 s
    prices.machine.scanned_members_per_second = 0.5;  // 3600 members: 7200 s
    prices.machine.joined_uids_per_second = 2;        // 3600 UIDs: 1800 s
    // Images: 36,000 s of reading; written are 360,000 + 3600 * 1000 = 3,960,000 bytes: 39,600
    // s.
    prices.machine.write_bytes_per_second = 100;
    prices.machine.hour_price = 4;

    const auto plan = planned(some_work(), prices, 1);

    EXPECT_EQ(plan.output_bytes, 3'960'000U);
    ASSERT_EQ(plan.one.steps.size(), 3U);
    EXPECT_DOUBLE_EQ(plan.one.steps[0].hours, 2);
    EXPECT_EQ(plan.one.steps[0].limited_by, "members"sv);
    EXPECT_DOUBLE_EQ(plan.one.steps[1].hours, 0.5);
    EXPECT_DOUBLE_EQ(plan.one.steps[2].hours, 11);
    EXPECT_EQ(plan.one.steps[2].limited_by, "writing"sv);
    EXPECT_DOUBLE_EQ(plan.one.hours, 13.5);
    EXPECT_DOUBLE_EQ(plan.one.machines_price, 54);
}

TEST(PlanReassembly, LetsWorkersShareAllStepsButNotTheStateTable) {
    auto prices = easy_prices();
    prices.worker.unpacked_members_per_second = 0.5;  // 7200 halves by 4 workers: 3600 s
    prices.worker.fused_members_per_second = 0.25;    // 3600 instances by 4 workers: 3600 s
    prices.state.updates_per_second = 1;              // 7200 halves: 7200 s
    prices.worker.hour_price = 3;
    prices.state.hour_price = 2;

    const auto plan = planned(some_work(), prices, 4);

    EXPECT_DOUBLE_EQ(plan.staged.steps[0].hours, 1);
    EXPECT_DOUBLE_EQ(plan.staged.steps[1].hours, 2);
    EXPECT_EQ(plan.staged.steps[1].limited_by, "state updates"sv);
    EXPECT_DOUBLE_EQ(plan.staged.steps[2].hours, 1);
    EXPECT_DOUBLE_EQ(plan.staged.machines_price, 4 * (4 * 3 + 2));
    // With 8 workers: half an hour, two, half an hour.
    EXPECT_DOUBLE_EQ(planned(some_work(), prices, 8).staged.hours, 3);
}

TEST(PlanReassembly, CountsRequestsAndStorageOfBothWays) {
    auto prices = easy_prices();
    prices.store.thousand_puts_price = 5;
    prices.store.thousand_gets_price = 1;
    prices.store.gib_month_price = 720;     // a month has 720 hours: 1 a GiB and hour
    prices.state.updates_per_second = 0.5;  // 7200 halves: 4 h
    auto work = some_work();
    work.metadata.bytes = std::uint64_t{1} << 30;
    work.images.bytes = std::uint64_t{3} << 30;

    const auto plan = planned(work, prices, 1);

    // 4 GiB in reads of 1 MiB: 4096 GETs; 3600 PUTs.
    EXPECT_DOUBLE_EQ(plan.one.requests_price, 3.6 * 5 + 4.096);
    // Halves: 7200 PUTs and 7200 GETs more.
    EXPECT_DOUBLE_EQ(plan.staged.requests_price, 10.8 * 5 + 11.296);
    EXPECT_NEAR(plan.staged.storage_price, 4 * 4, 1e-6);
    // Copies lie there for the whole window of 24 h.
    EXPECT_NEAR(plan.tiers[0].copies_price, 4 * 24, 1e-6);
}

TEST(PlanReassembly, PricesARestoreAsTheWorkedExampleOfAwsDoes) {
    // 15,000,000 objects of 102,400 GB: Standard $1,774; the requests of Expedited alone
    // $150,000. Source: AWS knowledge center, s3-manage-data-retrieval.
    auto prices = read_prices(built_in_prices());
    ASSERT_TRUE(prices) << prices.error().message;
    const Workload work{
        .instances = 15'000'000,
        .metadata = {.archives = 7'500'000,
                     .bytes = std::uint64_t{50} << 40,
                     .largest_bytes = 1},
        .images = {
            .archives = 7'500'000, .bytes = std::uint64_t{50} << 40, .largest_bytes = 1}};

    const auto plan = planned(work, *prices, 10);

    const auto price = [&](std::string_view name) {
        for (const auto& tier : plan.tiers) {
            if (tier.name == name) return tier.restore_price;
        }
        ADD_FAILURE() << "there is no tier " << name;
        return 0.0;
    };
    EXPECT_NEAR(price("flexible-standard"), 1774, 1e-6);
    EXPECT_NEAR(price("flexible-expedited"), 150'000 + 3072, 1e-6);
    EXPECT_EQ(price("flexible-bulk"), 0);
    EXPECT_EQ(price("none"), 0);
}

TEST(PlanReassembly, WarnsWhenTheWorkOutlastsTheRestoreWindow) {
    auto prices = easy_prices();
    prices.machine.joined_uids_per_second = 1;  // 3600 UIDs: 1 h
    // The first copy is readable after 3 h, the work ends 5 + 1 h after the request.
    const auto fits = planned(some_work(), prices, 1);
    EXPECT_DOUBLE_EQ(fits.tiers[0].one.hours, 6);
    EXPECT_DOUBLE_EQ(fits.tiers[0].one.window_needed_hours, 3);
    EXPECT_FALSE(fits.tiers[0].one.outlasts_window);

    auto work = some_work();
    work.instances = 3600 * 23;
    EXPECT_TRUE(planned(work, prices, 1).tiers[0].one.outlasts_window);
    EXPECT_FALSE(planned(work, prices, 1).tiers[0].staged.outlasts_window);
    prices.restore_days = 26.0 / 24;
    EXPECT_FALSE(planned(work, prices, 1).tiers[0].one.outlasts_window);
    prices.tiers[0].never_expires = true;
    prices.restore_days = 0.1;
    EXPECT_FALSE(planned(work, prices, 1).tiers[0].one.outlasts_window);
}

TEST(PlanReassembly, WaitsForTheLargestArchiveAndForTheRateOfRequests) {
    auto prices = easy_prices();
    prices.tiers[0].large_from_bytes = 18'000;
    prices.tiers[0].large_bytes_per_second = 5;      // 18,000 bytes: 1 h
    prices.restore_requests_per_second = 1.0 / 240;  // 30 archives: 2 h
    EXPECT_DOUBLE_EQ(planned(some_work(), prices, 1).tiers[0].ready_hours, 5 + 1 + 2);
    prices.tiers[0].large_from_bytes = 18'001;
    EXPECT_DOUBLE_EQ(planned(some_work(), prices, 1).tiers[0].ready_hours, 5 + 2);
}

TEST(PlanReassembly, RefusesWhatCannotBeDone) {
    auto prices = easy_prices();
    EXPECT_EQ(make_plan({}, prices, 1).error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(make_plan(some_work(), prices, 0).error().code, ErrorCode::InvalidInput);
    auto work = some_work();
    work.instances = std::uint64_t{1} << 62;
    EXPECT_EQ(make_plan(work, prices, 1).error().code, ErrorCode::InvalidInput);
    prices.machine.memory_bytes = 1 << 20;
    EXPECT_EQ(make_plan(some_work(), prices, 1).error().code, ErrorCode::LimitExceeded);
}

}  // namespace
}  // namespace larmor::reassembly::plan
