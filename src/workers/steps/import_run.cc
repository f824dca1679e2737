#include "workers/steps/import_run.h"

#include "async/executor.h"
#include "ingest/result_json.h"

namespace larmor::workers {
namespace {

using ingest::ImportResult;
using ingest::ImportTally;
using ingest::Outcome;

/// Progress is seen so often, and so much is done again after a loss of the process.
constexpr std::chrono::milliseconds kPieceTime{250};
/// Then the import waits until it was taken: the database is slower than it.
constexpr std::size_t kItemsMax = 5000;
constexpr std::size_t kReportBytesMax = 2 << 20;

ImportTally sum(const ImportTally& a, const ImportTally& b) {
    return {.imported = a.imported + b.imported,
            .duplicates = a.duplicates + b.duplicates,
            .alternates = a.alternates + b.alternates,
            .conflicts = a.conflicts + b.conflicts,
            .rejected = a.rejected + b.rejected,
            .bytes = a.bytes + b.bytes,
            .bytes_passed = a.bytes_passed + b.bytes_passed};
}

bool is_reported(Report report, Outcome outcome) {
    if (report == Report::All) return true;
    return report == Report::Problems &&
           (outcome == Outcome::Rejected || outcome == Outcome::Conflict);
}

/// As many lines as a piece may have.
std::string take_lines(std::string& report) {
    if (report.size() <= jobs::limits::kReportBytes) return std::exchange(report, {});
    const auto end = report.rfind('\n', jobs::limits::kReportBytes - 1);
    std::string lines = report.substr(0, end + 1);
    report.erase(0, lines.size());
    return lines;
}

jobs::Step step_of(const ImportCheckpoint& reached) {
    jobs::Step step;
    step.progress.unit = "files";
    step.progress.done = static_cast<std::int64_t>(reached.files);
    if (reached.is_counted) {
        // Files may have come since they were counted.
        step.progress.total =
            static_cast<std::int64_t>(std::max(reached.total.files, reached.files));
    }
    step.checkpoint = to_json(reached);
    step.result = result_json(reached);
    return step;
}

}  // namespace

void ImportRun::Told::append(Told&& later) {
    std::ranges::move(later.errors, std::back_inserter(errors));
    report += later.report;
    items += later.items;
    later = {};
}

ImportRun::ImportRun(std::unique_ptr<ingest::ImportInput> input, Report report,
                     const ImportCheckpoint& from,
                     std::unique_ptr<ingest::Destination> destination)
    : input_(std::move(input)),
      report_(report),
      from_(from),
      destination_(std::move(destination)),
      reached_(from),
      current_(from.tally),
      thread_([this] { work(); }) {}

ImportRun::~ImportRun() {
    {
        const std::lock_guard lock(mutex_);
        is_stopped_ = true;
    }
    taken_.notify_all();
    thread_.join();
}

void ImportRun::work() {
    async::name_this_thread("import-job");
    const auto counted = count();
    if (!counted) return end(tl::unexpected(counted.error()));
    if (!*counted) return end({});
    auto tally = ingest::import_from(*destination_, *input_, *this, from_.position);
    end(tally ? Result<void>() : tl::unexpected(std::move(tally).error()));
}

/// Once a job; a walk over a million names takes a while.
Result<bool> ImportRun::count() {
    if (from_.is_counted) return true;
    TRY(const auto total, input_->total([this] { return !should_stop(); }));
    if (should_stop()) return false;
    const std::lock_guard lock(mutex_);
    reached_.is_counted = true;
    reached_.total = total;
    return true;
}

void ImportRun::end(Result<void> outcome) {
    {
        const std::lock_guard lock(mutex_);
        outcome_ = std::move(outcome);
        has_ended_ = true;
        if (waiting_) waiting_->ring();
    }
    ended_.set();
}

bool ImportRun::should_stop() {
    std::unique_lock lock(mutex_);
    taken_.wait(lock, [&] {
        return is_stopped_ ||
               (told_.items < kItemsMax && told_.report.size() < kReportBytesMax);
    });
    if (is_stopped_) was_cut_ = true;
    return is_stopped_;
}

void ImportRun::done(const std::string& name, const ImportResult& result,
                     const ImportTally& tally) {
    const std::lock_guard lock(mutex_);
    current_ = sum(from_.tally, tally);
    ++not_passed_.items;
    if (result.outcome == Outcome::Rejected && result.error) {
        not_passed_.errors.push_back({name, *result.error});
    }
    if (is_reported(report_, result.outcome)) {
        not_passed_.report += ingest::result_line(name, result) + '\n';
    }
}

void ImportRun::passed(const ingest::WalkPosition& next, const ImportTally& tally) {
    const std::lock_guard lock(mutex_);
    current_ = sum(from_.tally, tally);
    reached_.position = next;
    reached_.tally = current_;
    if (next.archive.empty()) ++reached_.files;
    told_.append(std::move(not_passed_));
}

async::Task<void> ImportRun::wait(async::CancelToken stop) {
    const async::Alarm alarm;
    {
        const std::lock_guard lock(mutex_);
        if (has_ended_) co_return;
        waiting_ = alarm;
    }
    const bool whole = co_await stop.sleep(kPieceTime, alarm);
    if (whole) co_return;
    {
        const std::lock_guard lock(mutex_);
        is_stopped_ = true;
    }
    taken_.notify_all();
    // What is on its way comes to its end first.
    co_await ended_;
}

async::Task<Result<jobs::Piece>> ImportRun::next(async::CancelToken stop) {
    co_await wait(std::move(stop));
    const std::lock_guard lock(mutex_);
    const bool may_pass = outcome_ || outcome_.error().code != ErrorCode::Unavailable;
    if (has_ended_ && !may_pass) co_return tl::unexpected(outcome_.error());
    co_return take();
}

/// Under the lock.
jobs::Piece ImportRun::take() {
    jobs::Piece piece;
    piece.is_last = has_ended_ && !was_cut_;
    if (has_ended_) {
        // Nothing comes any more, so that what was told behind a gap counts too.
        told_.append(std::move(not_passed_));
        reached_.tally = current_;
        if (!outcome_) {
            piece.is_last = true;
            piece.failure = outcome_.error();
        }
    }
    jobs::Step step = step_of(reached_);
    step.errors = std::exchange(told_.errors, {});
    step.report = take_lines(told_.report);
    // One that ends keeps nothing back.
    if (!told_.report.empty()) piece.is_last = false;
    told_.items = 0;
    taken_.notify_all();
    piece.write = [step = std::move(step)](db::Transaction&) -> Result<jobs::Step> {
        return step;
    };
    return piece;
}

}  // namespace larmor::workers
