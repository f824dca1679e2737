#include <CLI/CLI.hpp>
#include <cstdio>
#include <thread>

#include "larmor/command.h"
#include "reassembly/join_bench/join.h"

namespace larmor {
namespace {

using reassembly::join_bench::JoinOptions;
using reassembly::join_bench::JoinReport;

struct JoinRequest {
    JoinOptions options;
    double keys = 0;
    bool as_json = false;
};

double ratio(std::uint64_t count, std::uint64_t of) {
    return static_cast<double>(count) / static_cast<double>(of);
}

void print_text(const JoinOptions& options, const JoinReport& report) {
    const auto keys = static_cast<double>(options.keys);
    const double total = report.scan_s + report.build_s + report.probe_s;
    std::printf("keys: %llu a side, %u threads\n",
                static_cast<unsigned long long>(options.keys), options.threads);
    std::printf("scan: %.2f s, build: %.2f s, probe: %.2f s; together %.2f s\n", report.scan_s,
                report.build_s, report.probe_s, total);
    std::printf("pairs/s: %.0f over all, %.0f while probing, %llu looked up at once\n",
                keys / total, keys / report.probe_s,
                static_cast<unsigned long long>(report.window_members));
    std::printf("index: %.2f bytes a key in memory, %.2f in a file; %.2f spilled\n",
                ratio(report.index_memory_bytes, options.keys),
                ratio(report.index_file_bytes, options.keys),
                ratio(report.spilled_bytes, options.keys));
    std::printf("peak resident: %llu bytes, %.2f a key\n",
                static_cast<unsigned long long>(report.peak_resident_bytes),
                ratio(report.peak_resident_bytes, options.keys));
    std::printf("matched: %llu of %llu, wrong: %llu, told apart by comparing: %llu\n",
                static_cast<unsigned long long>(report.pairs),
                static_cast<unsigned long long>(options.keys),
                static_cast<unsigned long long>(report.wrong),
                static_cast<unsigned long long>(report.refused));
}

void print_json(const JoinOptions& options, const JoinReport& report) {
    std::printf(
        "{\"keys\": %llu, \"threads\": %u, \"scan_s\": %.3f, \"build_s\": %.3f, "
        "\"probe_s\": %.3f, \"pairs\": %llu, \"wrong\": %llu, \"index_memory_bytes\": %llu, "
        "\"index_file_bytes\": %llu, \"spilled_bytes\": %llu, \"peak_resident_bytes\": %llu}\n",
        static_cast<unsigned long long>(options.keys), options.threads, report.scan_s,
        report.build_s, report.probe_s, static_cast<unsigned long long>(report.pairs),
        static_cast<unsigned long long>(report.wrong),
        static_cast<unsigned long long>(report.index_memory_bytes),
        static_cast<unsigned long long>(report.index_file_bytes),
        static_cast<unsigned long long>(report.spilled_bytes),
        static_cast<unsigned long long>(report.peak_resident_bytes));
}

int join(JoinRequest request) {
    constexpr double kKeysMax = 1e10;  // of the index: 1.29e10
    if (!(request.keys >= 1 && request.keys <= kKeysMax)) {
        return fail_command({ErrorCode::InvalidInput, "--keys is between 1 and 1e10"});
    }
    request.options.keys = static_cast<std::uint64_t>(request.keys);
    const auto report = reassembly::join_bench::run_join(request.options);
    if (!report) return fail_command(report.error());
    (request.as_json ? print_json : print_text)(request.options, *report);
    // Not one pair may be lost or wrong, at any speed.
    return report->pairs == request.options.keys && report->wrong == 0 ? kDone : kFailed;
}

}  // namespace

void add_bench(CommandLine& line) {
    auto* command = line.app.add_subcommand("bench", "measure this machine with our own code");
    command->require_subcommand(1);
    command->fallthrough();
    auto request = std::make_shared<JoinRequest>();
    auto& options = request->options;
    options.threads = std::max(1U, std::thread::hardware_concurrency());
    options.memory_bytes = std::uint64_t{4} << 30;
    options.spool_folder = ".";

    auto* join_command = command->add_subcommand(
        "join", "the UID index of a re-assembly: synthetic UIDs joined, every pair compared");
    join_command->add_option("--keys", request->keys, "UIDs on either side: 1e8, 250000")
        ->required();
    join_command
        ->add_option("--memory", options.memory_bytes,
                     "resident size of the whole process: 20GiB, 512MiB")
        ->transform(CLI::AsSizeValue(false))
        ->capture_default_str();
    join_command->add_option("--threads", options.threads, "one a processor")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    join_command
        ->add_option("--payload", options.payload_bytes,
                     "bytes of an image member: as many as fit into an eighth of the memory "
                     "are looked up at once; 0: as many as are useful")
        ->transform(CLI::AsSizeValue(false))
        ->capture_default_str();
    join_command
        ->add_option("--spool", options.spool_folder,
                     "folder for what outgrows the memory: 9 bytes a key, and while tables "
                     "are built up to 9 more")
        ->capture_default_str();
    join_command->add_flag("--json", request->as_json, "one JSON object");
    join_command->callback(
        [&run = line.run, request] { run = [request] { return join(*request); }; });
}

}  // namespace larmor
