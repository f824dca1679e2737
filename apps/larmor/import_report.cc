#include "larmor/import_report.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <csignal>
#include <cstdio>

#include "ingest/result_json.h"

namespace larmor {
namespace {

using ingest::ImportResult;
using ingest::ImportTally;
using ingest::Outcome;
using Steady = std::chrono::steady_clock;

std::atomic<bool> stop_asked{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler sets it");

double seconds_since(Steady::time_point then) {
    return std::chrono::duration<double>(Steady::now() - then).count();
}

std::uint64_t files_of(const ImportTally& tally) {
    return tally.imported + tally.duplicates + tally.alternates + tally.conflicts +
           tally.rejected;
}

}  // namespace

std::string printable(const std::string& name) {
    std::string text = name;
    std::replace_if(
        text.begin(), text.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return text;
}

void stop_imports_on_signals() {
    struct sigaction action{};
    action.sa_handler = [](int) { stop_asked = true; };
    // A second one ends the process: nothing acknowledged is lost by that either.
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigaction(SIGINT, &action, nullptr);
    sigaction(SIGTERM, &action, nullptr);
}

bool should_stop_on_signal() {
    return stop_asked;
}

std::string format_duration(double seconds) {
    if (!std::isfinite(seconds) || seconds < 0 || seconds > 100 * 3600) {
        return "-:--";
    }
    const auto whole = static_cast<unsigned>(std::lround(seconds));
    char text[32];
    if (whole >= 3600) {
        std::snprintf(text, sizeof text, "%u:%02u:%02u", whole / 3600, whole / 60 % 60,
                      whole % 60);
    } else {
        std::snprintf(text, sizeof text, "%u:%02u", whole / 60, whole % 60);
    }
    return text;
}

std::string closing_line(const ImportTally& tally, double seconds) {
    char text[256];
    std::snprintf(
        text, sizeof text,
        "imported %llu instances, %llu duplicates, %llu conflicts, %llu rejected, %llu "
        "bytes in %.1f s",
        static_cast<unsigned long long>(tally.imported + tally.alternates),
        static_cast<unsigned long long>(tally.duplicates),
        static_cast<unsigned long long>(tally.conflicts),
        static_cast<unsigned long long>(tally.rejected),
        static_cast<unsigned long long>(tally.bytes), seconds);
    return text;
}

std::string json_summary(const ImportTally& tally, double seconds) {
    char text[320];
    std::snprintf(text, sizeof text,
                  R"({"imported":%llu,"duplicates":%llu,"alternates":%llu,"conflicts":%llu,)"
                  R"("rejected":%llu,"bytes":%llu,"seconds":%.3f})",
                  static_cast<unsigned long long>(tally.imported),
                  static_cast<unsigned long long>(tally.duplicates),
                  static_cast<unsigned long long>(tally.alternates),
                  static_cast<unsigned long long>(tally.conflicts),
                  static_cast<unsigned long long>(tally.rejected),
                  static_cast<unsigned long long>(tally.bytes), seconds);
    return text;
}

ImportReport::ImportReport(ReportForm form, Expected expected)
    : form_(form), expected_(expected), started_(Steady::now()), shown_(started_) {}

bool ImportReport::should_stop() {
    return stop_asked;
}

void ImportReport::done(const std::string& name, const ImportResult& result,
                        const ImportTally& tally) {
    tally_ = tally;
    if (form_ == ReportForm::Json) {
        // Each line at once: whoever reads them knows what is durable, even if we are killed.
        std::puts(ingest::result_line(name, result).c_str());
        std::fflush(stdout);
        return;
    }
    if (result.outcome == Outcome::Rejected || result.outcome == Outcome::Conflict) {
        clear_progress();
        const auto reason = result.error
                                ? result.error->message
                                : "kept beside the first in image set " + result.image_set_id;
        std::printf("%s %s: %s\n", std::string(ingest::name_of(result.outcome)).c_str(),
                    printable(name).c_str(), printable(reason).c_str());
    }
    show_progress();
}

void ImportReport::progress(const ImportTally& tally) {
    // As JSON the lines say it: what was read of them is what is counted.
    if (form_ == ReportForm::Json) return;
    tally_ = tally;
    show_progress();
}

void ImportReport::show_progress() {
    using namespace std::chrono_literals;
    const auto pause = form_ == ReportForm::Terminal ? 200ms : 10000ms;
    if (Steady::now() - shown_ < pause) {
        return;
    }
    shown_ = Steady::now();
    const auto seconds = seconds_since(started_);
    const auto passed = static_cast<double>(tally_.bytes_passed);
    const auto left = (static_cast<double>(expected_.bytes) - passed) * seconds / passed;
    std::fprintf(
        stderr, "%s%llu files, %.0f %%, %.1f MB/s, %s left%s",
        form_ == ReportForm::Terminal ? "\r\x1b[K" : "",
        static_cast<unsigned long long>(files_of(tally_)),
        expected_.bytes == 0 ? 0.0 : 100 * passed / static_cast<double>(expected_.bytes),
        passed / 1e6 / seconds, format_duration(left).c_str(),
        form_ == ReportForm::Terminal ? "" : "\n");
    line_open_ = form_ == ReportForm::Terminal;
}

void ImportReport::clear_progress() {
    if (line_open_) {
        std::fputs("\r\x1b[K", stderr);
        line_open_ = false;
    }
}

void ImportReport::close() {
    clear_progress();
    const auto seconds = seconds_since(started_);
    std::puts((form_ == ReportForm::Json ? json_summary(tally_, seconds)
                                         : closing_line(tally_, seconds))
                  .c_str());
    std::fflush(stdout);
}

}  // namespace larmor
