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

#include "async/completion.h"
#include "async/task.h"
#include "db/database.h"
#include "objects/local/local_store.h"
#include "objects/local/segment_file.h"

namespace larmor::objects::local {

/// A request with what is computed from its body.
struct PreparedRecord {
    StageRequest request;
    std::uint64_t body_bytes = 0;
    std::uint32_t body_crc32c = 0;
    Sha256 sha256{};
    std::uint64_t bytes() const;  ///< in the file
};

/// Appends groups of records to segments. The thread that brings a group writes it, at a place
/// that is its own, so that arrivals do not wait for each other. The thread that commits rows
/// asks for a sync, which serves all that is written by then and goes on beside its statements,
/// and waits for it before its commit. One thread of ours syncs; one prepares the next segment
/// and seals full ones.
class SegmentWriter {
public:
    /// `ready` are the segments that were not full, oldest first.
    SegmentWriter(db::Database& database, const LocalStoreOptions& options, StoreId store,
                  std::deque<OpenSegment> ready);
    /// Nothing may be in it any more.
    ~SegmentWriter();

    /// Writes the records as one group, on the calling thread, and says where they are; a sync
    /// makes them durable. Suspends only where no segment has room. At most `group_max_bytes()`
    /// in one call. Errors: NoSpace, Unavailable.
    async::Task<Result<std::vector<StagedObject>>> write(std::vector<PreparedRecord> records);
    /// Makes everything up to the write with this number (StagedObject has it) durable.
    void start_sync(std::uint64_t write);
    /// Until a sync that was started has done so. Blocks. Errors: NoSpace when a sync failed,
    /// now or earlier, which is for good.
    Result<void> wait_for_sync(std::uint64_t write);

    /// After a write or sync that failed, here or elsewhere in the store: nobody knows what the
    /// disk holds, so nothing more is written.
    void stop_writing(const Error& error);
    /// Errors: why nothing more is written.
    Result<void> check_writing() const;

    /// What one group may have at most.
    std::uint64_t group_max_bytes() const;
    LocalStoreStats stats() const;

private:
    /// A place for a group.
    struct Place {
        std::shared_ptr<OpenSegment> segment;
        std::uint64_t offset = 0;
    };
    /// Somebody who waits for a segment with room; lives in a coroutine's frame.
    using Room = async::Completion<Result<void>>;

    /// Nothing when no segment has room: then `room` will be set when there is one.
    Result<std::optional<Place>> take_place(std::uint64_t bytes, Room& room);
    Result<std::vector<StagedObject>> write_at_place(
        const Place& place, const std::vector<PreparedRecord>& records);
    void sync_when_wanted();
    Result<void> sync_segment(OpenSegment& segment);
    void prepare_ahead();
    Blocks blocks_of_next();
    Result<std::uint64_t> size_of_next(std::int64_t number) const;
    Result<OpenSegment> make_segment(Blocks blocks);
    Result<void> seal(OpenSegment& segment);
    void fail_for_good(const Error& error);
    Result<void> check_usable() const;

    db::Database& database_;
    const LocalStoreOptions options_;
    const StoreId store_;
    const std::filesystem::path directory_;

    mutable std::mutex mutex_;
    std::condition_variable ahead_changed_;
    std::condition_variable sync_changed_;
    LocalStoreStats stats_;
    LocalStoreStats recent_;  ///< the same, counting what is long ago for less
    std::optional<Error> broken_;
    std::uint64_t writes_ = 0;  ///< complete ones: gives their numbers
    std::uint64_t sync_wanted_ = 0;
    std::uint64_t synced_ = 0;  ///< up to which write everything is durable

    std::shared_ptr<OpenSegment> current_;
    std::deque<std::shared_ptr<OpenSegment>> ready_;
    std::deque<std::shared_ptr<OpenSegment>> full_;  ///< to be sealed
    std::vector<Room*> waiting_;
    bool next_wanted_ = false;
    bool stopping_ = false;

    std::thread ahead_thread_;
    std::thread sync_thread_;
};

}  // namespace larmor::objects::local
