#include "reassembly/plan/plan.h"

#include <algorithm>
#include <cmath>

#include "base/checked.h"
#include "reassembly/run/request.h"

namespace larmor::reassembly::plan {
namespace {

constexpr double kHourSeconds = 3600, kMonthHours = 30 * 24,
                 kGiB = static_cast<double>(std::uint64_t{1} << 30);

struct Cause {
    double seconds;
    std::string_view name;
};

Step slowest(std::string_view name, std::initializer_list<Cause> causes) {
    const auto& cause = *std::ranges::max_element(causes, {}, &Cause::seconds);
    return {name, cause.seconds / kHourSeconds, cause.name};
}

/// Sums in floating point: no count of bytes or instances comes near 2^53.
struct Sums {
    double instances, metadata_bytes, image_bytes, archive_bytes, output_bytes, archives, reads;
};

Sums sums_of(const Workload& workload, const Prices& prices) {
    Sums sums{};
    sums.instances = static_cast<double>(workload.instances);
    sums.metadata_bytes = static_cast<double>(workload.metadata.bytes);
    sums.image_bytes = static_cast<double>(workload.images.bytes);
    sums.archive_bytes = sums.metadata_bytes + sums.image_bytes;
    sums.output_bytes =
        sums.image_bytes + sums.instances * static_cast<double>(prices.instance.header_bytes);
    sums.archives = static_cast<double>(workload.metadata.archives) +
                    static_cast<double>(workload.images.archives);
    // No archive takes less than one GET.
    sums.reads =
        std::max(sums.archives,
                 std::ceil(sums.archive_bytes / static_cast<double>(prices.store.read_bytes)));
    return sums;
}

/// The run itself says how its memory is shared out.
Result<Placement> place(const Workload& workload, const Prices& prices) {
    TRY(const auto memory,
        run::plan_memory(prices.machine.memory_bytes, prices.machine.processors,
                         {.archives = true, .output = true}));
    const auto index = checked_multiply(workload.instances, prices.instance.index_bytes);
    const auto spool = checked_multiply(workload.instances, prices.instance.spool_bytes);
    if (!index || !spool) return fail(ErrorCode::InvalidInput, "there are too many instances");
    Placement placement;
    placement.index_bytes = *index;
    placement.spool_bytes = *spool;
    placement.index_in_memory = *index <= memory.index_bytes;
    placement.spool_in_memory = *spool <= memory.spool_bytes;
    placement.reads_per_instance =
        (placement.index_in_memory ? 0U : 1U) + (placement.spool_in_memory ? 0U : 1U);
    placement.reads_hours = static_cast<double>(workload.instances) *
                            placement.reads_per_instance /
                            prices.machine.random_reads_per_second / kHourSeconds;
    return placement;
}

double requests_price(const Store& store, double puts, double gets) {
    return (puts * store.thousand_puts_price + gets * store.thousand_gets_price) / 1000;
}

void add_up(Schedule& schedule) {
    for (const auto& step : schedule.steps) schedule.hours += step.hours;
}

Schedule on_one_machine(const Sums& sums, const Placement& placement, const Prices& prices) {
    const auto& machine = prices.machine;
    Schedule schedule;
    schedule.steps = {
        slowest("scan metadata",
                {{sums.metadata_bytes / machine.read_bytes_per_second, "reading"},
                 {sums.instances / machine.scanned_members_per_second, "members"}}),
        slowest("build the index", {{sums.instances / machine.joined_uids_per_second, "UIDs"}}),
        slowest("read images, fuse, write",
                {{sums.image_bytes / machine.read_bytes_per_second, "reading"},
                 {sums.output_bytes / machine.write_bytes_per_second, "writing"},
                 {sums.instances / machine.fused_members_per_second, "members"},
                 {sums.instances / prices.store.puts_per_second, "PUTs"},
                 {placement.reads_hours * kHourSeconds, "random reads"}})};
    add_up(schedule);
    schedule.machines_price = schedule.hours * machine.hour_price;
    schedule.requests_price = requests_price(prices.store, sums.instances, sums.reads);
    return schedule;
}

Schedule on_workers(const Sums& sums, double workers, const Prices& prices) {
    const auto& worker = prices.worker;
    const double read_rate = workers * worker.read_bytes_per_second,
                 write_rate = workers * worker.write_bytes_per_second,
                 halves = 2 * sums.instances;
    Schedule schedule;
    schedule.steps = {
        slowest("unpack", {{sums.archive_bytes / read_rate, "reading"},
                           {sums.archive_bytes / write_rate, "writing"},
                           {halves / (workers * worker.unpacked_members_per_second), "members"},
                           {halves / prices.store.puts_per_second, "PUTs"}}),
        slowest("match", {{halves / prices.state.updates_per_second, "state updates"}}),
        slowest("fuse",
                {{sums.archive_bytes / read_rate, "reading"},
                 {sums.output_bytes / write_rate, "writing"},
                 {sums.instances / (workers * worker.fused_members_per_second), "members"},
                 {halves / prices.store.gets_per_second, "GETs"},
                 {sums.instances / prices.store.puts_per_second, "PUTs"}})};
    add_up(schedule);
    schedule.machines_price =
        schedule.hours * (workers * worker.hour_price + prices.state.hour_price);
    // Each half is written and read once more, each instance is written.
    schedule.requests_price =
        requests_price(prices.store, halves + sums.instances, sums.reads + halves);
    schedule.storage_price =
        sums.archive_bytes / kGiB * prices.store.gib_month_price * schedule.hours / kMonthHours;
    return schedule;
}

Finish finish(const Schedule& schedule, const TierPlan& tier, double first_ready_hours) {
    Finish result;
    result.hours = tier.ready_hours + schedule.hours;
    result.price = tier.restore_price + tier.copies_price + schedule.price();
    if (tier.window_hours == 0) return result;
    result.window_needed_hours = result.hours - first_ready_hours;
    result.outlasts_window = result.window_needed_hours > tier.window_hours;
    return result;
}

TierPlan plan_tier(const Tier& tier, const Workload& workload, const Sums& sums,
                   const Prices& prices, const Plan& plan) {
    TierPlan planned;
    planned.name = tier.name;
    planned.ready_hours = tier.all_ready_hours;
    const auto largest =
        std::max(workload.metadata.largest_bytes, workload.images.largest_bytes);
    if (tier.large_bytes_per_second > 0 && largest >= tier.large_from_bytes) {
        planned.ready_hours +=
            static_cast<double>(largest) / tier.large_bytes_per_second / kHourSeconds;
    }
    if (!tier.never_expires) {
        planned.ready_hours +=
            sums.archives / prices.restore_requests_per_second / kHourSeconds;
        planned.window_hours = prices.restore_days * 24;
        planned.restore_price = sums.archive_bytes / kGiB * tier.gib_price +
                                sums.archives / 1000 * tier.thousand_requests_price;
        planned.copies_price = sums.archive_bytes / kGiB * prices.store.gib_month_price *
                               planned.window_hours / kMonthHours;
    }
    planned.one = finish(plan.one, planned, tier.first_ready_hours);
    planned.staged = finish(plan.staged, planned, tier.first_ready_hours);
    return planned;
}

}  // namespace

Result<Plan> make_plan(const Workload& workload, const Prices& prices, unsigned workers) {
    if (workload.instances == 0 || workload.metadata.archives == 0 ||
        workload.images.archives == 0 || workers == 0) {
        return fail(ErrorCode::InvalidInput,
                    "a plan needs instances, archives of both kinds, and workers");
    }
    Plan plan;
    TRY(plan.placement, place(workload, prices));
    const auto sums = sums_of(workload, prices);
    plan.output_bytes = static_cast<std::uint64_t>(sums.output_bytes);
    plan.one = on_one_machine(sums, plan.placement, prices);
    plan.staged = on_workers(sums, workers, prices);
    for (const auto& tier : prices.tiers) {
        plan.tiers.push_back(plan_tier(tier, workload, sums, prices, plan));
    }
    return plan;
}

}  // namespace larmor::reassembly::plan
