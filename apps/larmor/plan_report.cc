#include "larmor/plan_report.h"

#include <fmt/format.h>

#include <cmath>

#include "base/json_text.h"

namespace larmor {
namespace {

using reassembly::plan::Finish;
using reassembly::plan::Plan;
using reassembly::plan::Schedule;
using reassembly::plan::SideSizes;
using reassembly::plan::TierPlan;

std::string grouped(std::uint64_t number) {
    auto text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3) {
        text.insert(static_cast<std::size_t>(at), ",");
    }
    return text;
}

std::string shown_bytes(std::uint64_t bytes) {
    const auto value = static_cast<double>(bytes);
    if (value >= 1e12) return fmt::format("{:.2f} TB", value / 1e12);
    if (value >= 1e9) return fmt::format("{:.2f} GB", value / 1e9);
    return fmt::format("{:.2f} MB", value / 1e6);
}

std::string price(double value) {
    return value < 1e15 ? grouped(static_cast<std::uint64_t>(std::llround(value)))
                        : fmt::format("{:.3g}", value);
}

void add_side(std::string& out, std::string_view name, const SideSizes& side) {
    out += fmt::format("{}: {} archives, {}, the largest {}\n", name, grouped(side.archives),
                       shown_bytes(side.bytes), shown_bytes(side.largest_bytes));
}

void add_schedule(std::string& out, const std::string& name, const Schedule& schedule,
                  std::string_view currency) {
    out += fmt::format("\n{}\n", name);
    for (const auto& step : schedule.steps) {
        out += fmt::format("  {:<26}{:>10.2f} h   limited by {}\n", step.name, step.hours,
                           step.limited_by);
    }
    out += fmt::format("  {:<26}{:>10.2f} h   {} {}: machines {}, requests {}, storage {}\n",
                       "together", schedule.hours, price(schedule.price()), currency,
                       price(schedule.machines_price), price(schedule.requests_price),
                       price(schedule.storage_price));
}

void add_warnings(std::string& out, const TierPlan& tier, std::string_view name,
                  const Schedule& schedule, const Finish& finish) {
    if (!finish.outlasts_window) return;
    out += fmt::format(
        "warning: {}, {}: the work outlasts the restore window: the first archive has to stay "
        "readable for {:.1f} h, and does for {:.1f} h. ",
        tier.name, name, finish.window_needed_hours, tier.window_hours);
    out += fmt::format("Restore for {:.0f} days", std::ceil(finish.window_needed_hours / 24));
    // What the restore itself takes of the window is lost in each wave.
    const double usable = tier.window_hours - (finish.window_needed_hours - schedule.hours);
    if (usable > 0) {
        out += fmt::format(", or ask for the image archives in {:.0f} waves",
                           std::ceil(schedule.hours / usable));
    }
    out += '\n';
}

void add_tiers(std::string& out, const PlanQuestion& question, const Plan& plan) {
    const auto& currency = question.prices.currency;
    out += fmt::format("\n{:<22}{:>10}{:>14}{:>14}{:>12}{:>14}{:>12}{:>14}\n", "restore tier",
                       "ready h", "restore " + currency, "copies " + currency, "one: h",
                       "one: " + currency, "staged: h", "staged: " + currency);
    for (const auto& tier : plan.tiers) {
        out += fmt::format("{:<22}{:>10.1f}{:>14}{:>14}{:>11.1f}{}{:>14}{:>11.1f}{}{:>14}\n",
                           tier.name, tier.ready_hours, price(tier.restore_price),
                           price(tier.copies_price), tier.one.hours,
                           tier.one.outlasts_window ? '!' : ' ', price(tier.one.price),
                           tier.staged.hours, tier.staged.outlasts_window ? '!' : ' ',
                           price(tier.staged.price));
    }
    for (const auto& tier : plan.tiers) {
        add_warnings(out, tier, "one machine", plan.one, tier.one);
        add_warnings(out, tier, "staged", plan.staged, tier.staged);
    }
}

std::string listed(const std::vector<std::string>& names) {
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

/// Nobody should take a guess for a measurement.
void add_origin(std::string& out, const reassembly::plan::Origin& origin) {
    out += fmt::format(
        "rates measured {} on {}: {}; scaled from there: {}; all others are assumed\n",
        origin.date, origin.machine, listed(origin.measured), listed(origin.scaled));
}

std::string list_json(const std::vector<std::string>& names) {
    std::string list;
    for (const auto& name : names) list += (list.empty() ? "" : ",") + to_json_string(name);
    return '[' + list + ']';
}

std::string origin_json(const reassembly::plan::Origin& origin) {
    return fmt::format(R"({{"date":{},"machine":{},"measured":{},"scaled":{}}})",
                       to_json_string(origin.date), to_json_string(origin.machine),
                       list_json(origin.measured), list_json(origin.scaled));
}

std::string side_json(const SideSizes& side) {
    return fmt::format(R"({{"archives":{},"bytes":{},"largest_bytes":{}}})", side.archives,
                       side.bytes, side.largest_bytes);
}

std::string schedule_json(const Schedule& schedule) {
    std::string steps;
    for (const auto& step : schedule.steps) {
        steps += fmt::format(R"({}{{"name":"{}","hours":{:.6g},"limited_by":"{}"}})",
                             steps.empty() ? "" : ",", step.name, step.hours, step.limited_by);
    }
    return fmt::format(
        R"({{"steps":[{}],"hours":{:.6g},"price":{:.2f},"machines_price":{:.2f},)"
        R"("requests_price":{:.2f},"storage_price":{:.2f}}})",
        steps, schedule.hours, schedule.price(), schedule.machines_price,
        schedule.requests_price, schedule.storage_price);
}

std::string finish_json(const Finish& finish) {
    return fmt::format(
        R"({{"hours":{:.6g},"price":{:.2f},"window_needed_hours":{:.6g},"outlasts_window":{}}})",
        finish.hours, finish.price, finish.window_needed_hours, finish.outlasts_window);
}

}  // namespace

std::string plan_text(const PlanQuestion& question, const Plan& plan) {
    const auto& placement = plan.placement;
    auto out = fmt::format("{} instances\n", grouped(question.workload.instances));
    add_side(out, "metadata", question.workload.metadata);
    add_side(out, "images", question.workload.images);
    out += fmt::format("output: {} objects, {}\n", grouped(question.workload.instances),
                       shown_bytes(plan.output_bytes));
    out += fmt::format("prices and rates: {}, of {}; {}, {}\n", question.prices_from,
                       question.prices.date, question.prices.place, question.prices.currency);
    add_origin(out, question.prices.origin);
    out += fmt::format(
        "one machine: index {} {}, spool {} {}\n", shown_bytes(placement.index_bytes),
        placement.index_in_memory ? "in memory" : "spilled", shown_bytes(placement.spool_bytes),
        placement.spool_in_memory ? "in memory" : "on disk");
    out += fmt::format(
        "random reads: {} per instance, {:.2f} h at {} a second\n",
        placement.reads_per_instance, placement.reads_hours,
        grouped(static_cast<std::uint64_t>(question.prices.machine.random_reads_per_second)));
    add_schedule(out, "one machine", plan.one, question.prices.currency);
    add_schedule(out, fmt::format("staged, {} workers", question.workers), plan.staged,
                 question.prices.currency);
    add_tiers(out, question, plan);
    return out;
}

std::string plan_json(const PlanQuestion& question, const Plan& plan) {
    const auto& prices = question.prices;
    const auto& placement = plan.placement;
    std::string tiers;
    for (const auto& tier : plan.tiers) {
        tiers += fmt::format(
            R"({}{{"name":{},"ready_hours":{:.6g},"restore_price":{:.2f},"copies_price":{:.2f},)"
            R"("window_hours":{:.6g},"one":{},"staged":{}}})",
            tiers.empty() ? "" : ",", to_json_string(tier.name), tier.ready_hours,
            tier.restore_price, tier.copies_price, tier.window_hours, finish_json(tier.one),
            finish_json(tier.staged));
    }
    return fmt::format(
        R"({{"instances":{},"metadata":{},"images":{},"output_bytes":{},)"
        R"("prices":{{"from":{},"date":{},"currency":{},"place":{},"rates":{}}},)"
        R"("placement":{{"index_bytes":{},"index_in_memory":{},"spool_bytes":{},)"
        R"("spool_in_memory":{},"reads_per_instance":{},"random_reads_hours":{:.6g}}},)"
        R"("one":{},"workers":{},"staged":{},"tiers":[{}]}})"
        "\n",
        question.workload.instances, side_json(question.workload.metadata),
        side_json(question.workload.images), plan.output_bytes,
        to_json_string(question.prices_from), to_json_string(prices.date),
        to_json_string(prices.currency), to_json_string(prices.place),
        origin_json(prices.origin), placement.index_bytes, placement.index_in_memory,
        placement.spool_bytes, placement.spool_in_memory, placement.reads_per_instance,
        placement.reads_hours, schedule_json(plan.one), question.workers,
        schedule_json(plan.staged), tiers);
}

}  // namespace larmor
