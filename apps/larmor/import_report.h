#pragma once
#include <chrono>
#include <memory>
#include <string>

#include "ingest/import_paths.h"

namespace larmor {

enum class ReportForm : std::uint8_t {
    Terminal,  ///< one line that is written over: files, MB/s, time left
    Plain,     ///< a line every 10 seconds
    Json,      ///< one object a file, one at the end; nothing else on standard output
};

/// Tells a person or a machine how an import goes, and stops it after SIGINT or SIGTERM.
class ImportReport final : public ingest::ImportObserver {
public:
    /// The totals, for the time left; 0 where nobody counted.
    struct Expected {
        std::uint64_t files = 0;
        std::uint64_t bytes = 0;
    };
    ImportReport(ReportForm form, Expected expected);

    void done(const std::string& name, const ingest::ImportResult& result,
              const ingest::ImportTally& tally) override;
    bool should_stop() override;
    /// For who follows an import that somebody else does: how far it is in all, and the totals
    /// once they are known.
    void progress(const ingest::ImportTally& tally);
    void expect(const Expected& expected) { expected_ = expected; }
    ReportForm form() const { return form_; }

    /// The closing line, of what was done so far: also of an import that could not go on.
    void close();

private:
    void show_progress();
    void clear_progress();

    ReportForm form_;
    Expected expected_;
    ingest::ImportTally tally_;
    std::chrono::steady_clock::time_point started_;
    std::chrono::steady_clock::time_point shown_;
    bool line_open_ = false;
};

/// From now on SIGINT and SIGTERM end an import, or following a job, early instead of the
/// process at once.
void stop_imports_on_signals();
/// One of them came since.
bool should_stop_on_signal();

/// A name may hold anything; a terminal must not obey it.
std::string printable(const std::string& name);

/// `1:02:03`, `2:03`; `-:--` for what nobody can tell.
std::string format_duration(double seconds);

/// `imported N instances, D duplicates, C conflicts, R rejected, B bytes in S s`. An alternate
/// counts as imported: it is stored, beside the first.
std::string closing_line(const ingest::ImportTally& tally, double seconds);

/// The last line of `--json`; the others are ingest::result_line.
std::string json_summary(const ingest::ImportTally& tally, double seconds);

}  // namespace larmor
