#pragma once
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "db/database.h"
#include "objects/local/local_store.h"
#include "objects/local/segment_format.h"

namespace larmor::objects::local {

/// A request with what the caller's thread computes, so that the writer's only copies and
/// syncs.
struct PreparedRecord {
    StageRequest request;
    std::uint64_t body_bytes = 0;
    std::uint32_t body_crc32c = 0;
    Sha256 sha256{};
    std::uint64_t bytes() const {  ///< in the file, at most
        return body_bytes + request.key.size() + kRecordHeaderBytes + 16;
    }
};

/// Records that are made durable together; lives until `done` was called.
class StageJob {
public:
    explicit StageJob(std::vector<PreparedRecord> records) : records_(std::move(records)) {}
    virtual ~StageJob() = default;
    /// On the writer's thread, when the records are written and their sync is about to begin;
    /// the job may be gone afterwards.
    virtual void done(Result<std::vector<StagedObject>> outcome) = 0;
    const std::vector<PreparedRecord>& records() const { return records_; }
    std::uint64_t bytes() const;  ///< in the file, at most

private:
    std::vector<PreparedRecord> records_;
};

/// A segment that can be appended to.
struct OpenSegment {
    std::int64_t number = 0;
    UniqueFd file;
    std::uint64_t end = kPageBytes;  ///< where the next group goes
    std::uint64_t size_bytes = 0;    ///< of the file: nothing is written beyond
};

/// The one thread that appends to segments: takes every job that waits, writes them as one
/// group, says where they are and syncs once. A second thread prepares the next segment and
/// seals the last.
///
/// A segment is written with zeros before it is used. A sync of bytes that overwrite others
/// changes no extent and so waits for no commit of the file system's journal, which has to
/// write what other programs changed too: 85 us against 150 us for 40 KB on an idle disk here,
/// and 100 us against 2 to 10 ms while others write.
class SegmentWriter {
public:
    /// `ready` are the segments that were not full, oldest first.
    SegmentWriter(db::Database& database, const LocalStoreOptions& options, StoreId store,
                  std::deque<OpenSegment> ready);
    /// Runs what is queued to its end and gives unused blocks back.
    ~SegmentWriter();

    void submit(StageJob& job);
    /// Until the sync with this number (see StagedObject) is done. Blocks; for the thread that
    /// commits. Errors: NoSpace when it failed.
    Result<void> wait_for(std::uint64_t sync);
    LocalStoreStats stats() const;

private:
    void run();
    Result<void> write_group(const std::vector<StageJob*>& group,
                             std::vector<std::vector<StagedObject>>& staged);
    void sync_group(std::size_t records);
    Result<void> make_room(std::uint64_t bytes);
    void prepare_ahead();
    Result<OpenSegment> make_segment();
    void fail_for_good(const Error& error);

    db::Database& database_;
    const LocalStoreOptions options_;
    const StoreId store_;
    const std::filesystem::path directory_;

    mutable std::mutex mutex_;
    std::condition_variable queue_changed_;
    std::condition_variable ahead_changed_;
    std::condition_variable synced_changed_;
    std::deque<StageJob*> queue_;
    std::uint64_t queued_bytes_ = 0;
    LocalStoreStats stats_;
    std::optional<Error> broken_;
    bool stopping_ = false;
    std::uint64_t synced_ = 0;  ///< the number of the last sync that is done

    // Between the two threads, under the mutex.
    std::deque<OpenSegment> ready_;
    std::deque<OpenSegment> full_;
    bool next_wanted_ = false;
    std::optional<Error> ahead_failed_;  ///< why there is no room
    bool ahead_stopping_ = false;

    // The writer's own.
    OpenSegment current_;
    std::uint64_t sync_ = 0;         ///< the number of the last group that was written
    std::uint64_t written_end_ = 0;  ///< of that group, in the current segment

    std::thread ahead_thread_;
    std::thread thread_;
};

/// Creates the file of a segment: zeros, then its header, all durable with its name.
Result<OpenSegment> create_segment(const std::filesystem::path& directory,
                                   const SegmentHeader& header, std::uint64_t size_bytes);

/// What one job with several records may have at most.
std::uint64_t group_max_bytes(const LocalStoreOptions& options);

/// The size of the segment with this number.
std::uint64_t segment_size(const LocalStoreOptions& options, std::int64_t number);

}  // namespace larmor::objects::local
