#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "base/json_text.h"
#include "larmor/command.h"
#include "library/check_library.h"

namespace larmor {
namespace {

using Steady = std::chrono::steady_clock;

/// A line a finding, and on a terminal how far it is.
class Report final : public fsck::Observer {
public:
    explicit Report(bool json)
        : json_(json), shows_progress_(!json && isatty(STDERR_FILENO) != 0) {}

    void found(const fsck::Finding& finding) override {
        clear();
        const std::string severity(fsck::name_of(finding.severity));
        if (json_) {
            std::string line = R"({"severity":)" + to_json_string(severity) + R"(,"where":)";
            append_json_string(line, is_utf8(finding.where) ? finding.where : "(no UTF-8)");
            line += R"(,"what":)";
            append_json_string(line, is_utf8(finding.what) ? finding.what : "(no UTF-8)");
            std::puts((line + "}").c_str());
        } else {
            std::printf("%s: %s: %s\n", severity.c_str(), finding.where.c_str(),
                        finding.what.c_str());
        }
    }
    void progress(std::uint64_t checked, std::uint64_t total) override {
        if (!shows_progress_ || Steady::now() - shown_ < std::chrono::milliseconds(200)) return;
        shown_ = Steady::now();
        std::fprintf(stderr, "\r\x1b[K%.0f %% of %.1f GB",
                     total == 0
                         ? 100.0
                         : 100 * static_cast<double>(checked) / static_cast<double>(total),
                     static_cast<double>(total) / 1e9);
        line_open_ = true;
    }
    void close(const fsck::Summary& summary) {
        clear();
        std::printf(
            json_ ? R"({"instances":%llu,"objects":%llu,"bytes":%llu,"dead_bytes":%llu,)"
                    R"("errors":%llu,"notes":%llu,"repaired":%llu})"
                    "\n"
                  : "%llu instances, %llu objects, %llu bytes checked, %llu bytes of dead "
                    "space: %llu errors, %llu notes, %llu repaired\n",
            number(summary.instances), number(summary.objects), number(summary.bytes),
            number(summary.dead_bytes), number(summary.errors), number(summary.notes),
            number(summary.repaired));
    }
    void clear() {
        if (line_open_) std::fputs("\r\x1b[K", stderr);
        line_open_ = false;
    }

private:
    static unsigned long long number(std::uint64_t value) { return value; }

    bool json_;
    bool shows_progress_;
    bool line_open_ = false;
    Steady::time_point shown_;
};

int run(const Settings& settings, bool json, bool repair) {
    Report report(json);
    const auto summary = check_library(settings.library, repair, report);
    report.clear();
    if (!summary) return fail_command(summary.error());
    report.close(*summary);
    // Errors that were made good are none any more; notes never fail.
    return summary->unrepaired_errors() == 0 ? kDone : kFailed;
}

}  // namespace

void add_fsck(CommandLine& line) {
    auto* command = line.app.add_subcommand(
        "fsck",
        "check a library that no server has open: rows against rows, rows against objects, "
        "every object against its checksums, leftovers; exits with 1 when something is lost or "
        "wrong");
    auto json = std::make_shared<bool>(false);
    auto repair = std::make_shared<bool>(false);
    command->add_flag("--json", *json, "one JSON object a finding, and one at the end");
    command->add_flag(
        "--repair", *repair,
        "make counts anew and remove what uploads left; never removes an instance");
    command->callback([&line_run = line.run, &settings = line.settings, json, repair] {
        line_run = [&settings, json, repair] { return larmor::run(settings, *json, *repair); };
    });
}

}  // namespace larmor
