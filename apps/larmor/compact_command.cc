#include <CLI/CLI.hpp>
#include <cstdio>

#include "larmor/command.h"
#include "larmor/import_report.h"
#include "library/compact_library.h"

namespace larmor {
namespace {

class CompactReport final : public objects::local::CompactObserver {
public:
    bool step(const objects::local::CompactSummary& /*so_far*/) override {
        return !should_stop_on_signal();
    }
    void damaged(const std::string& where, const std::string& what) override {
        std::printf("error: %s: %s\n", where.c_str(), what.c_str());
    }
};

int compact(const Settings& settings, unsigned dead_percent) {
    stop_imports_on_signals();
    CompactReport report;
    const auto done = compact_library(settings.library, dead_percent / 100.0, report);
    if (!done) return fail_command(done.error());
    const auto number = [](std::uint64_t value) {
        return static_cast<unsigned long long>(value);
    };
    std::printf("%llu segments removed, %llu objects moved, %llu bytes written, %llu freed\n",
                number(done->segments_removed), number(done->objects_moved),
                number(done->bytes_moved), number(done->bytes_freed));
    if (done->segments_damaged == 0) return kDone;
    std::fputs("larmor: damaged segments were left as they are; `larmor fsck` says more\n",
               stderr);
    return kFailed;
}

}  // namespace

void add_compact(CommandLine& line) {
    auto* command = line.app.add_subcommand(
        "compact",
        "give the room of removed objects back, in a library that no server has open: rewrites "
        "segments with much dead space (`larmor fsck` says how much there is)");
    auto dead_percent = std::make_shared<unsigned>(25);
    command
        ->add_option("--min-dead", *dead_percent,
                     "per cent of a segment that must be dead space")
        ->check(CLI::Range(0, 100))
        ->capture_default_str();
    command->callback([&line_run = line.run, &settings = line.settings, dead_percent] {
        line_run = [&settings, dead_percent] { return compact(settings, *dead_percent); };
    });
}

}  // namespace larmor
