#include "objects/local/segment_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "async/executor.h"
#include "objects/local/rows.h"

namespace larmor::objects::local {
namespace {

constexpr std::array<std::byte, kPageBytes> kPadding{};
/// What takes longer to write than the journal to commit (see Blocks).
constexpr std::uint64_t kLargeSyncBytes = 256 * 1024;
constexpr std::uint64_t kLargeRecordBytes = 64 * 1024;

std::int64_t us(Time time) {
    return time.time_since_epoch().count();
}

}  // namespace

std::uint64_t PreparedRecord::bytes() const {
    return align_up(kRecordHeaderBytes + align_up(request.key.size(), 8) + body_bytes, 8);
}

SegmentWriter::SegmentWriter(db::Database& database, const LocalStoreOptions& options,
                             StoreId store, std::deque<OpenSegment> ready)
    : database_(database),
      options_(options),
      store_(store),
      directory_(options.directory / "segments") {
    for (auto& segment : ready) {
        ready_.push_back(std::make_shared<OpenSegment>(std::move(segment)));
    }
    ahead_thread_ = std::thread([this] {
        async::name_this_thread("obj-ahead");
        prepare_ahead();
    });
    sync_thread_ = std::thread([this] {
        async::name_this_thread("obj-sync");
        sync_when_wanted();
    });
}

SegmentWriter::~SegmentWriter() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    ahead_changed_.notify_all();
    sync_changed_.notify_all();
    ahead_thread_.join();
    sync_thread_.join();
}

std::uint64_t SegmentWriter::group_max_bytes() const {
    const auto largest = segment_size(options_, std::numeric_limits<std::int64_t>::max());
    return std::min(options_.group_max_bytes, largest - 2 * kPageBytes);
}

LocalStoreStats SegmentWriter::stats() const {
    const std::lock_guard lock(mutex_);
    return stats_;
}

void SegmentWriter::stop_writing(const Error& error) {
    const std::lock_guard lock(mutex_);
    fail_for_good(error);
}

Result<void> SegmentWriter::check_writing() const {
    const std::lock_guard lock(mutex_);
    return check_usable();
}

Result<void> SegmentWriter::check_usable() const {
    if (broken_) return tl::unexpected(*broken_);
    return {};
}

async::Task<Result<std::vector<StagedObject>>> SegmentWriter::write(
    std::vector<PreparedRecord> records) {
    std::uint64_t bytes = 0;
    for (const auto& record : records) bytes += record.bytes();
    // Bytes that were acknowledged share no page with what comes: they are never written again.
    bytes = align_up(bytes, kPageBytes);
    for (;;) {
        Room room;
        CO_TRY(const auto place, take_place(bytes, room));
        if (place) co_return write_at_place(*place, records);
        CO_TRY_VOID(co_await room);
    }
}

Result<std::optional<SegmentWriter::Place>> SegmentWriter::take_place(std::uint64_t bytes,
                                                                      Room& room) {
    const std::lock_guard lock(mutex_);
    TRY_VOID(check_usable());
    const auto has_room = [&](const OpenSegment& segment) {
        return bytes <= segment.size_bytes - std::min(segment.end, segment.size_bytes);
    };
    while ((!current_ || !has_room(*current_)) && !ready_.empty()) {
        if (current_) full_.push_back(std::move(current_));
        current_ = std::move(ready_.front());
        ready_.pop_front();
    }
    if (!current_ || !has_room(*current_)) {
        next_wanted_ = true;
        waiting_.push_back(&room);
        ahead_changed_.notify_all();
        return std::nullopt;
    }
    Place place{current_, current_->end};
    current_->end += bytes;
    ++current_->writing;
    // The next one early enough to be there when this one is full; for a small library not at
    // once.
    const bool soon = current_->number > 1 || current_->end > current_->size_bytes / 4;
    if (soon && ready_.empty()) next_wanted_ = true;
    if (next_wanted_ || !full_.empty()) ahead_changed_.notify_all();
    return place;
}

Result<std::vector<StagedObject>> SegmentWriter::write_at_place(
    const Place& place, const std::vector<PreparedRecord>& records) {
    OpenSegment& segment = *place.segment;
    std::size_t heads_bytes = 0;
    for (const auto& record : records) {
        heads_bytes += kRecordHeaderBytes + align_up(record.request.key.size(), 8);
    }
    ByteBuffer heads;
    heads.reserve(heads_bytes);  // the parts point into it
    std::vector<Bytes> parts;
    parts.reserve(records.size() * 4);
    std::vector<StagedObject> staged;
    staged.reserve(records.size());
    std::uint64_t at = place.offset;
    const std::int64_t now = us(options_.clock->now());
    for (const auto& record : records) {
        RecordHeader header{.segment = segment.number,
                            .offset = at,
                            .body_bytes = record.body_bytes,
                            .body_crc32c = record.body_crc32c,
                            .created_us = now,
                            .key = record.request.key};
        const std::size_t head_at = heads.size();
        append(heads, header);
        parts.push_back(Bytes(heads).subspan(head_at));
        parts.insert(parts.end(), record.request.body.begin(), record.request.body.end());
        const auto end = at + header.head_bytes() + record.body_bytes;
        parts.push_back(Bytes(kPadding).first(header.next() - end));
        staged.push_back({.location = {.segment = segment.number,
                                       .key = {},
                                       .record_offset = at,
                                       .head_bytes = header.head_bytes(),
                                       .size_bytes = record.body_bytes,
                                       .sha256 = record.sha256}});
        at = header.next();
    }
    LARMOR_CHECK(heads.size() == heads_bytes);
    // To the end of the page: a part of a page that is not in memory would have to be read
    // first.
    const std::uint64_t end = align_up(at, kPageBytes);
    parts.push_back(Bytes(kPadding).first(end - at));

    const auto written = write_parts(segment.file, place.offset, parts);
    const std::lock_guard lock(mutex_);
    if (--segment.writing == 0 && !full_.empty()) ahead_changed_.notify_all();
    if (!written) {
        // A full disk takes nothing from what is there. Anything else: nobody knows.
        if (written.error().code != ErrorCode::NoSpace) fail_for_good(written.error());
        return tl::unexpected(written.error());
    }
    segment.written = ++writes_;
    segment.records += records.size();
    recent_.records += records.size();
    recent_.bytes += end - place.offset;
    stats_.records += records.size();
    stats_.bytes += end - place.offset;
    for (auto& one : staged) one.write = segment.written;
    return staged;
}

void SegmentWriter::start_sync(std::uint64_t write) {
    const std::lock_guard lock(mutex_);
    if (sync_wanted_ >= write) return;
    sync_wanted_ = write;
    sync_changed_.notify_all();
}

Result<void> SegmentWriter::wait_for_sync(std::uint64_t write) {
    std::unique_lock lock(mutex_);
    sync_changed_.wait(lock, [&] { return broken_ || synced_ >= write; });
    return check_usable();
}

void SegmentWriter::sync_when_wanted() {
    std::unique_lock lock(mutex_);
    for (;;) {
        sync_changed_.wait(lock,
                           [&] { return stopping_ || (sync_wanted_ > synced_ && !broken_); });
        if (stopping_) return;
        // All that is written by now, in whichever segment. One that is neither full nor
        // current was synced when it was sealed.
        const std::uint64_t covered = writes_;
        std::vector<std::shared_ptr<OpenSegment>> behind;
        for (const auto& segment : full_) behind.push_back(segment);
        if (current_) behind.push_back(current_);
        std::erase_if(behind, [](const auto& one) { return one->synced >= one->written; });
        lock.unlock();
        Result<void> outcome;
        for (const auto& segment : behind) {
            if (outcome) outcome = sync_segment(*segment);
        }
        lock.lock();
        if (outcome) synced_ = covered;
        sync_changed_.notify_all();
    }
}

/// Under no lock.
Result<void> SegmentWriter::sync_segment(OpenSegment& segment) {
    std::uint64_t covered = 0;
    std::uint64_t records = 0;
    {
        const std::lock_guard lock(mutex_);
        TRY_VOID(check_usable());
        covered = segment.written;
        records = std::exchange(segment.records, 0);
    }
    Result<void> synced;
    if (options_.fail_syncs != nullptr && options_.fail_syncs->load()) {
        synced = fail(ErrorCode::Unavailable, "the sync was made to fail");
    } else {
        synced = sync_data(segment.file);
    }
    const std::lock_guard lock(mutex_);
    if (!synced) {
        // The kernel may have dropped the pages: a second sync that succeeds would prove
        // nothing.
        fail_for_good(synced.error());
        return check_usable();
    }
    segment.synced = std::max(segment.synced, covered);
    recent_.groups += 1;
    stats_.groups += 1;
    stats_.group_records_max = std::max(stats_.group_records_max, records);
    return {};
}

void SegmentWriter::prepare_ahead() {
    std::unique_lock lock(mutex_);
    const auto can_seal = [&] {
        return !full_.empty() && full_.front()->writing == 0 && !broken_;
    };
    for (;;) {
        ahead_changed_.wait(lock, [&] { return stopping_ || next_wanted_ || can_seal(); });
        if (stopping_) return;
        if (next_wanted_) {
            const Blocks blocks = blocks_of_next();
            lock.unlock();
            auto made = make_segment(blocks);
            lock.lock();
            // Now, not before: until here it would have been wanted again.
            next_wanted_ = false;
            Result<void> outcome;
            if (made) {
                ready_.push_back(std::make_shared<OpenSegment>(std::move(*made)));
            } else {
                outcome = tl::unexpected(made.error());
            }
            const async::PostBatch one_wake_up_per_executor;
            for (auto* room : std::exchange(waiting_, {})) room->set(outcome);
        } else {
            const auto segment = full_.front();
            lock.unlock();
            // Failing, it stays open in the rows: the next start finds it full and goes on.
            const auto sealed = seal(*segment);
            lock.lock();
            if (sealed || !broken_) full_.pop_front();
        }
    }
}

/// Written twice or not: by what came lately, which is forgotten by halves.
Blocks SegmentWriter::blocks_of_next() {
    const bool large =
        recent_.groups > 0 && (recent_.bytes > recent_.groups * kLargeSyncBytes ||
                               recent_.bytes > recent_.records * kLargeRecordBytes);
    recent_.groups /= 2;
    recent_.records /= 2;
    recent_.bytes /= 2;
    return large ? Blocks::Reserved : Blocks::Zeros;
}

/// Smaller than usual where the disk is short of space, but never too small for a group: the
/// last one may take a little of what is kept in reserve, since whoever decides what is stored
/// has let in what goes there.
Result<std::uint64_t> SegmentWriter::size_of_next(std::int64_t number) const {
    std::uint64_t size = segment_size(options_, number);
    if (!options_.spare_bytes) return size;
    const std::uint64_t spare = options_.spare_bytes();
    if (spare == 0) {
        return fail(ErrorCode::NoSpace,
                    "the disk is short of space: there is no room for another segment");
    }
    const std::uint64_t least =
        std::min(size, align_up(group_max_bytes() + 2 * kPageBytes, kPageBytes));
    while (size > spare && size > least) {
        size = std::max(least, align_up(size / 2, kPageBytes));
    }
    return size;
}

Result<OpenSegment> SegmentWriter::make_segment(Blocks blocks) {
    // Before the row, so that a disk that stays full sees no writes for nothing.
    TRY_VOID(size_of_next(std::numeric_limits<std::int64_t>::max()));
    const std::int64_t now = us(options_.clock->now());
    TRY(const SegmentRow row, database_.write_and_wait([&](db::Transaction& tx) {
        return insert_segment(tx, now, options_.writer);
    }));
    auto made = size_of_next(row.segment).and_then([&](std::uint64_t size) {
        return create_segment(directory_, {store_, row.segment, now}, size, blocks);
    });
    if (!made) {
        if (made.error().code != ErrorCode::NoSpace) stop_writing(made.error());
        // Most likely no space: give back what was taken. What stays, the next start makes
        // good.
        std::error_code ignored;
        std::filesystem::remove(directory_ / segment_name(row.segment), ignored);
        static_cast<void>(database_.write_and_wait(
            [&](db::Transaction& tx) { return remove_segment(tx, row.segment); }));
    }
    return made;
}

/// Nothing is written into it any more: syncs what nobody has synced yet (staged, not
/// recorded), so that `sync` need not know it, cuts it behind its last group and notes that.
Result<void> SegmentWriter::seal(OpenSegment& segment) {
    TRY_VOID(sync_segment(segment));
    if (::ftruncate(segment.file.get(), static_cast<off_t>(segment.end)) != 0) {
        auto failed = system_failure("cut a segment", errno);
        if (failed.value().code != ErrorCode::NoSpace) stop_writing(failed.value());
        return failed;
    }
    return database_.write_and_wait(
        [&](db::Transaction& tx) { return seal_segment(tx, segment.number, segment.end); });
}

void SegmentWriter::fail_for_good(const Error& error) {
    if (broken_) return;
    sync_changed_.notify_all();
    broken_ = Error{ErrorCode::NoSpace,
                    "the object store is read-only since a write to the disk failed (" +
                        error.message +
                        "): nobody knows what the disk holds until the program was restarted"};
    if (options_.on_write_failure) options_.on_write_failure(error);
}

}  // namespace larmor::objects::local
