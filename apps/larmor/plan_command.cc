#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "larmor/command.h"
#include "larmor/plan_report.h"

namespace larmor {
namespace {

namespace plan = reassembly::plan;

struct PlanRequest {
    std::string manifest;
    std::string prices;
    double instances = 0;
    plan::SideSizes metadata;
    plan::SideSizes images;
    unsigned workers = 20;
    double days = 0;                 ///< 0: as the prices say
    double iops = 0;                 ///< the same
    std::uint64_t memory_bytes = 0;  ///< the same
    bool print_prices = false;
    bool as_json = false;
};

constexpr std::size_t kPricesMaxBytes = 1 << 20, kManifestMaxBytes = 1 << 30;

Result<plan::Prices> prices_of(const PlanRequest& request) {
    std::string text(plan::built_in_prices());
    if (!request.prices.empty()) {
        TRY(text, read_file(request.prices, kPricesMaxBytes));
    }
    TRY(auto prices, plan::read_prices(text));
    if (request.days > 0) prices.restore_days = request.days;
    if (request.iops > 0) prices.machine.random_reads_per_second = request.iops;
    if (request.memory_bytes > 0) prices.machine.memory_bytes = request.memory_bytes;
    return prices;
}

/// What the command line says stands over what the manifest counts.
void overrule(const plan::SideSizes& said, plan::SideSizes& side) {
    if (said.archives > 0) side.archives = said.archives;
    if (said.bytes > 0) side.bytes = said.bytes;
    if (said.largest_bytes > 0) side.largest_bytes = said.largest_bytes;
    // Nothing else being known, they are all the same size.
    if (side.largest_bytes == 0 && side.archives > 0) {
        side.largest_bytes = side.bytes / side.archives;
    }
}

Result<plan::Workload> workload_of(const PlanRequest& request) {
    plan::Workload workload;
    if (!request.manifest.empty()) {
        TRY(const auto csv, read_file(request.manifest, kManifestMaxBytes));
        TRY(workload, plan::read_manifest(csv));
    }
    constexpr double kInstancesMax = 1e12;
    if (request.instances > 0) {
        if (!(request.instances >= 1 && request.instances <= kInstancesMax)) {
            return fail(ErrorCode::InvalidInput, "--instances is between 1 and 1e12");
        }
        workload.instances = static_cast<std::uint64_t>(request.instances);
    }
    overrule(request.metadata, workload.metadata);
    overrule(request.images, workload.images);
    return workload;
}

int plan_reassembly(const PlanRequest& request) {
    if (request.print_prices) {
        const auto text = plan::built_in_prices();
        std::fwrite(text.data(), 1, text.size(), stdout);
        return kDone;
    }
    const auto prices = prices_of(request);
    if (!prices) return fail_command(prices.error());
    const auto workload = workload_of(request);
    if (!workload) return fail_command(workload.error());
    const auto made = plan::make_plan(*workload, *prices, request.workers);
    if (!made) return fail_command(made.error());
    const PlanQuestion question{*workload, *prices,
                                request.prices.empty() ? "built in" : request.prices,
                                request.workers};
    std::fputs((request.as_json ? plan_json : plan_text)(question, *made).c_str(), stdout);
    return kDone;
}

void add_side_options(CLI::App& command, const std::string& name, plan::SideSizes& side) {
    command.add_option("--" + name + "-archives", side.archives, "how many there are");
    command
        .add_option("--" + name + "-bytes", side.bytes,
                    "of all of them, as they are stored: 40TB, 512GiB")
        ->transform(CLI::AsSizeValue(true));
    command
        .add_option("--" + name + "-largest", side.largest_bytes,
                    "bytes of the largest one; else they count as equal")
        ->transform(CLI::AsSizeValue(true));
}

}  // namespace

void add_plan(CommandLine& line) {
    auto* command = line.app.add_subcommand("plan", "what long work takes and costs");
    command->require_subcommand(1);
    command->fallthrough();
    auto request = std::make_shared<PlanRequest>();

    auto* sub = command->add_subcommand(
        "reassembly", "time and cost by restore tier, for one machine and for staged workers");
    sub->add_option("--manifest", request->manifest,
                    "CSV with the columns side (metadata, image), size_bytes and members");
    sub->add_option("--instances", request->instances, "SOP Instance UIDs: 1e9, 250000");
    add_side_options(*sub, "metadata", request->metadata);
    add_side_options(*sub, "image", request->images);
    sub->add_option("--workers", request->workers, "of the staged mode")
        ->check(CLI::Range(1, 100'000))
        ->capture_default_str();
    sub->add_option("--restore-days", request->days,
                    "that restored copies are readable; else as the prices say")
        ->check(CLI::PositiveNumber);
    sub->add_option("--iops", request->iops,
                    "random reads of 4 KiB a second that the machine's disk gives, 64 at once; "
                    "else as the prices say")
        ->check(CLI::PositiveNumber);
    sub->add_option("--memory", request->memory_bytes,
                    "of the one machine: 256GiB; else as the prices say")
        ->transform(CLI::AsSizeValue(true));
    sub->add_option("--prices", request->prices,
                    "TOML file with prices and rates; else those that are built in");
    sub->add_flag("--print-prices", request->print_prices,
                  "write the built-in prices, for a file of one's own, and end");
    sub->add_flag("--json", request->as_json, "one JSON object");
    sub->callback(
        [&run = line.run, request] { run = [request] { return plan_reassembly(*request); }; });
}

}  // namespace larmor
