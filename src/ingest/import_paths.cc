#include "ingest/import_paths.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "async/executor.h"
#include "async/sync_wait.h"
#include "ingest/walk.h"

namespace larmor::ingest {
namespace {

constexpr std::size_t kInFlightMax = 256;
constexpr std::uint64_t kInFlightMaxBytes = 64ULL << 20;
/// Also those that have an outcome, but have one without before them.
constexpr std::size_t kEntriesMax = 4096;
/// What is read into memory whole and imported side by side with others; larger ones are
/// streamed.
constexpr std::size_t kWholeMaxBytes = 1 << 20;

/// All of a small content, or one byte more than kWholeMaxBytes of a larger one. The declared
/// size only says how much memory to begin with.
Result<ByteBuffer> read_start(archive::Source& content, std::uint64_t declared_bytes) {
    ByteBuffer start(std::min<std::uint64_t>(declared_bytes, kWholeMaxBytes) + 1);
    std::size_t count = 0;
    for (;;) {
        TRY(const std::size_t more,
            archive::read_fully(content, std::span(start).subspan(count)));
        count += more;
        if (count < start.size() || count > kWholeMaxBytes) break;
        start.resize(std::min(start.size() * 2, kWholeMaxBytes + 1));
    }
    start.resize(count);
    return start;
}

/// The destination is full, gone, or does not take anything of ours: every file that follows
/// would be rejected for the same reason.
bool ends_the_import(ErrorCode code) {
    return code == ErrorCode::NoSpace || code == ErrorCode::Unavailable ||
           code == ErrorCode::Unauthenticated || code == ErrorCode::Denied;
}

/// What the walk came to, in its order: an instance on its way, or with its outcome; or that
/// everything before it was passed.
struct Entry {
    std::string name;
    std::optional<ImportResult> result;
    std::uint64_t bytes = 0;           ///< of the instance, or of what was passed
    std::optional<WalkPosition> next;  ///< of what was passed
    bool is_settled = false;
};

/// Bounds what is on its way, and collects outcomes.
class Run final : public WalkVisitor {
public:
    Run(Destination& destination, ImportObserver& observer)
        : destination_(destination), observer_(observer) {}

    Result<void> instance(const std::string& name, std::optional<std::uint64_t> size_bytes,
                          archive::Source& content) override {
        TRY_VOID(may_go_on());
        auto start = read_start(content, size_bytes.value_or(64 << 10));
        if (!start) {
            refused(name, start.error());
            return {};
        }
        if (start->size() > kWholeMaxBytes) return stream(name, *start, content);
        Entry& entry = add_when_there_is_room(name, start->size());
        async::spawn(worker_.executor(), import_whole(&entry, *std::move(start)));
        return {};
    }

    void refused(const std::string& name, const Error& error) override {
        ImportResult result;
        result.error = error;
        finish(add(name), std::move(result), 0);
    }

    void passed(std::uint64_t bytes, const WalkPosition& next) override {
        const std::lock_guard lock(mutex_);
        Entry& entry = entries_.emplace_back();
        entry.bytes = bytes;
        entry.next = next;
        entry.is_settled = true;
        tell();
    }

    /// Waits for what is on its way.
    Result<ImportTally> end(Result<void> walked) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return in_flight_ == 0; });
        tell_the_rest();
        if (fatal_) return tl::unexpected(*fatal_);
        if (!walked && walked.error().code != ErrorCode::Cancelled) {
            return tl::unexpected(std::move(walked).error());
        }
        return tally_;
    }

private:
    Result<void> may_go_on() {
        if (observer_.should_stop()) return fail(ErrorCode::Cancelled, "stopped");
        const std::lock_guard lock(mutex_);
        if (fatal_) return tl::unexpected(*fatal_);
        return {};
    }

    Entry& add(const std::string& name) {
        const std::lock_guard lock(mutex_);
        Entry& entry = entries_.emplace_back();
        entry.name = name;
        return entry;
    }
    Entry& add_when_there_is_room(const std::string& name, std::uint64_t bytes) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] {
            return in_flight_ < kInFlightMax &&
                   (in_flight_ == 0 || entries_.size() < kEntriesMax) &&
                   (in_flight_ == 0 || bytes_in_flight_ + bytes <= kInFlightMaxBytes);
        });
        ++in_flight_;
        bytes_in_flight_ += bytes;
        Entry& entry = entries_.emplace_back();
        entry.name = name;
        return entry;
    }

    async::Task<void> import_whole(Entry* entry, ByteBuffer bytes) {
        ImportOptions options;  // named: see Task about temporaries
        ImportResult result = co_await destination_.import_bytes(bytes, std::move(options));
        const std::uint64_t size = bytes.size();
        bytes = {};
        finish(*entry, std::move(result), size);
        const std::lock_guard lock(mutex_);
        --in_flight_;
        bytes_in_flight_ -= size;
        changed_.notify_all();
    }

    /// On the walking thread, piece by piece, while smaller ones go on beside it.
    Result<void> stream(const std::string& name, Bytes start, archive::Source& content) {
        const std::unique_ptr<ImportStream> stream = destination_.begin({});
        ByteBuffer piece(kWholeMaxBytes);
        for (Bytes next = start; !next.empty();) {
            // Dropped in the middle, nothing remains of it.
            TRY_VOID(may_go_on());
            if (auto written = async::sync_wait(stream->write(next)); !written) {
                refused(name, written.error());
                return {};
            }
            const auto count = content.read(piece);
            if (!count) {
                refused(name, count.error());
                return {};
            }
            next = Bytes(piece).first(*count);
        }
        ImportResult result = async::sync_wait(stream->finish());
        const std::uint64_t size = result.size_bytes;
        finish(add(name), std::move(result), size);
        return {};
    }

    /// A deque's elements stay where they are when others come and go at its ends.
    void finish(Entry& entry, ImportResult result, std::uint64_t bytes) {
        const std::lock_guard lock(mutex_);
        if (result.error && ends_the_import(result.error->code)) {
            // Nothing about this file: it has no outcome, and nothing behind it is passed.
            if (!fatal_) fatal_ = result.error;
            return;
        }
        entry.result = std::move(result);
        entry.bytes = bytes;
        entry.is_settled = true;
        tell();
    }

    /// Under the lock, as the next two.
    void tell() {
        for (; !entries_.empty() && entries_.front().is_settled; entries_.pop_front()) {
            const Entry& entry = entries_.front();
            if (entry.next) {
                tally_.bytes_passed += entry.bytes;
                observer_.passed(*entry.next, tally_);
            } else {
                tell_outcome(entry);
            }
        }
    }
    void tell_the_rest() {
        for (const Entry& entry : entries_) {
            if (entry.result) tell_outcome(entry);
        }
        entries_.clear();
    }
    void tell_outcome(const Entry& entry) {
        count_outcome(tally_, entry.result->outcome, entry.bytes);
        observer_.done(entry.name, *entry.result, tally_);
    }

    Destination& destination_;
    ImportObserver& observer_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::size_t in_flight_ = 0;
    std::uint64_t bytes_in_flight_ = 0;
    std::deque<Entry> entries_;
    ImportTally tally_;
    std::optional<Error> fatal_;
    async::ThreadExecutor worker_{"import"};  // last: joined before what its tasks use is gone
};

}  // namespace

void count_outcome(ImportTally& tally, Outcome outcome, std::uint64_t bytes) {
    switch (outcome) {
        case Outcome::Stored:
            ++tally.imported;
            break;
        case Outcome::Duplicate:
            ++tally.duplicates;
            break;
        case Outcome::Alternate:
            ++tally.alternates;
            break;
        case Outcome::Conflict:
            ++tally.conflicts;
            break;
        case Outcome::Rejected:
            ++tally.rejected;
            return;
    }
    tally.bytes += bytes;
}

Result<ImportTally> import_from(Destination& destination, ImportInput& input,
                                ImportObserver& observer, const WalkPosition& from) {
    Run run(destination, observer);
    return run.end(input.walk(run, from));
}

Result<ImportTally> import_paths(Destination& destination,
                                 const std::vector<std::filesystem::path>& paths,
                                 ImportObserver& observer, const WalkPosition& from) {
    PathInput input(paths);
    return import_from(destination, input, observer, from);
}

}  // namespace larmor::ingest
