#include "audit/log.h"

#include <algorithm>

#include "async/sync_wait.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace larmor::audit {
namespace {

using Steady = std::chrono::steady_clock;
/// Of one batch: far below what a reader believes (kBatchMaxBytes).
constexpr std::size_t kBatchRecordsMax = 512;
/// How soon a trail that could not be written is tried again.
constexpr std::chrono::seconds kProbeEvery{1};

}  // namespace

/// A record that waits to be written, and who waits for it.
struct Log::Pending {
    Record record;
    async::Completion<Result<void>>* done = nullptr;  ///< null: nobody
};

struct Log::Metrics {
    observe::Counter& records = observe::metrics().counter(
        "larmor_audit_records_total", "Records written to the audit trail");
    observe::Counter& counted = observe::metrics().counter(
        "larmor_audit_counted_total", "Acts that were counted in a window of the audit trail");
    observe::Counter& dropped = observe::metrics().counter(
        "larmor_audit_dropped_total",
        "Refusals that were not put on record since the queue was full");
    observe::Counter& failures = observe::metrics().counter(
        "larmor_audit_failures_total", "Batches of the audit trail that could not be written");
    observe::Histogram& batch = observe::metrics().histogram(
        "larmor_audit_batch_records", "Records in one batch of the audit trail",
        observe::kBatchBuckets);
    observe::Histogram& sync = observe::metrics().histogram(
        "larmor_audit_sync_seconds", "Time to write and sync one batch of the audit trail",
        observe::kDurationBuckets);
    observe::Gauge& queue = observe::metrics().gauge("larmor_audit_queue_records",
                                                     "Records that wait to be written");
    observe::Gauge& windows = observe::metrics().gauge(
        "larmor_audit_windows", "Windows in which acts of one kind are counted");
};

Log::Log(LogOptions options)
    : options_(std::move(options)),
      folder_(options_.trail.folder),
      windows_(options_.windows),
      metrics_(std::make_unique<Metrics>()) {}

Result<std::unique_ptr<Log>> Log::open(LogOptions options) {
    TRY(Trail trail, Trail::open(options.trail));
    std::unique_ptr<Log> log(new Log(std::move(options)));
    log->trail_ = std::make_unique<Trail>(std::move(trail));
    for (const auto& alert : log->trail_->alerts()) {
        observe::log_warning("audit trail", {{"finding", alert}});
        Entry entry;
        entry.action = Action::SecurityAlert;
        entry.detail = alert;
        log->note(std::move(entry));
    }
    log->thread_ = std::thread([raw = log.get()] {
        async::name_this_thread("audit");
        raw->run();
    });
    return log;
}

Log::~Log() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    if (thread_.joinable()) thread_.join();
}

Result<void> Log::enqueue(std::unique_ptr<Pending> pending) {
    pending->record.time = options_.clock->now();
    const std::lock_guard lock(mutex_);
    if (queue_.size() >= options_.queue_max || stopping_) {
        return fail(ErrorCode::Unavailable, "too many acts wait to be put on record");
    }
    queue_.push_back(std::move(pending));
    metrics_->queue.add();
    if (queue_.size() == 1) changed_.notify_all();
    return {};
}

async::Task<Result<void>> Log::record(Entry entry) {
    if (count(entry)) co_return Result<void>{};
    async::Completion<Result<void>> done;
    auto pending = std::make_unique<Pending>();
    pending->record.entry = std::move(entry);
    pending->done = &done;
    CO_TRY_VOID(enqueue(std::move(pending)));
    co_return co_await done;
}

Result<void> Log::record_and_wait(Entry entry) {
    return async::sync_wait(record(std::move(entry)));
}

bool Log::count(const Entry& entry) {
    if (!windows_.count(entry)) return false;
    metrics_->counted.add();
    return true;
}

void Log::note(Entry entry) {
    if (count(entry)) return;
    auto pending = std::make_unique<Pending>();
    pending->record.entry = std::move(entry);
    if (!enqueue(std::move(pending))) metrics_->dropped.add();
}

Result<void> Log::check_writable() const {
    const std::lock_guard lock(mutex_);
    if (unwritable_) return tl::unexpected(*unwritable_);
    return {};
}

void Log::watch(std::function<void()> written) {
    const std::lock_guard lock(watch_mutex_);
    written_ = std::move(written);
}

void Log::run() {
    auto anchor_at = Steady::now() + options_.anchor_every;
    for (bool stopping = false; !stopping;) {
        auto until = std::min(windows_.next_due().value_or(anchor_at), anchor_at);
        if (!check_writable()) until = Steady::now() + kProbeEvery;
        auto batch = next_batch(until);
        {
            const std::lock_guard lock(mutex_);
            stopping = stopping_ && queue_.empty();
        }
        if (!batch.empty()) {
            write_waiting(std::move(batch));
        } else if (!check_writable()) {
            probe();
        }
        do {
            write_closed();
        } while (stopping && check_writable() && windows_.next_due());
        metrics_->windows.set(static_cast<std::int64_t>(windows_.open_count()));
        if (Steady::now() >= anchor_at || stopping) {
            write_anchor();
            anchor_at = Steady::now() + options_.anchor_every;
        }
    }
}

Log::Batch Log::next_batch(Steady::time_point until) {
    std::unique_lock lock(mutex_);
    changed_.wait_until(lock, until, [&] { return stopping_ || !queue_.empty(); });
    const auto count = std::min(queue_.size(), kBatchRecordsMax);
    const auto end = queue_.begin() + static_cast<std::ptrdiff_t>(count);
    Batch batch(std::make_move_iterator(queue_.begin()), std::make_move_iterator(end));
    queue_.erase(queue_.begin(), end);
    metrics_->queue.sub(static_cast<std::int64_t>(count));
    return batch;
}

void Log::write_waiting(Batch batch) {
    std::vector<Record> records;
    records.reserve(batch.size());
    for (const auto& pending : batch) records.push_back(std::move(pending->record));
    const auto written = append(records);
    const async::PostBatch one_wake_up_per_executor;
    for (std::size_t i = 0; i < batch.size(); ++i) {
        // Before its answer: the next such act is counted.
        if (written) windows_.open(records[i]);
        if (batch[i]->done != nullptr) batch[i]->done->set(written);
    }
}

/// Counts that can't be written stay, and no further windows close.
void Log::write_closed() {
    if (closed_.empty()) {
        bool stopping = false;
        {
            const std::lock_guard lock(mutex_);
            stopping = stopping_;
        }
        const auto now = stopping ? Steady::time_point::max() : Steady::now();
        closed_ = windows_.close_due(now, kBatchRecordsMax);
        for (Record& record : closed_) record.time = options_.clock->now();
    }
    if (append(closed_)) closed_.clear();
}

/// Finds out whether the trail can be written again, by saying on it that it could not.
void Log::probe() {
    std::vector<Record> records(1);
    records[0].time = options_.clock->now();
    records[0].entry.action = Action::SecurityAlert;
    records[0].entry.detail = "the audit trail could not be written since " +
                              to_iso8601(unwritable_since_) +
                              ": what it should have held was refused";
    static_cast<void>(append(records));
}

Result<void> Log::append(std::vector<Record>& records) {
    if (records.empty()) return {};
    const auto begun = Steady::now();
    const auto appended = trail_->append(records);
    if (appended) {
        const std::lock_guard lock(watch_mutex_);
        if (written_) written_();
    }
    const std::lock_guard lock(mutex_);
    if (appended) {
        metrics_->records.add(records.size());
        metrics_->batch.observe(static_cast<double>(records.size()));
        metrics_->sync.observe(std::chrono::duration<double>(Steady::now() - begun).count());
        if (unwritable_) observe::log_info("the audit trail can be written again");
        unwritable_.reset();
        return {};
    }
    metrics_->failures.add();
    if (!unwritable_) {
        unwritable_since_ = options_.clock->now();
        observe::log_error("the audit trail can't be written: no patient data is served",
                           {{"reason", appended.error().message}});
    }
    unwritable_ = appended.error();
    return appended;
}

void Log::write_anchor() {
    if (const auto written = trail_->write_anchor(); !written) {
        observe::log_warning("the audit trail's anchor was not written",
                             {{"reason", written.error().message}});
        return;
    }
    // A log that is kept elsewhere is one more witness of how far the trail has come.
    const Anchor anchor = trail_->anchor();
    observe::log_debug("audit anchor", {{"file", anchor.file},
                                        {"batch", anchor.end.batch},
                                        {"hash", to_hex(anchor.end.hash)}});
}

}  // namespace larmor::audit
