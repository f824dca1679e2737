#include "objects/local/segment_writer.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "async/executor.h"
#include "objects/local/rows.h"

namespace larmor::objects::local {
namespace {

constexpr std::size_t kVectorsMax = 1024;  // IOV_MAX
constexpr std::array<std::byte, kPageBytes> kPadding{};

/// Writes all vectors, in calls of at most IOV_MAX; changes them.
Result<void> write_vectors(const UniqueFd& file, std::uint64_t offset,
                           std::span<iovec> vectors) {
    while (!vectors.empty()) {
        const auto count = std::min(vectors.size(), kVectorsMax);
        const ssize_t written = ::pwritev(file.get(), vectors.data(), static_cast<int>(count),
                                          static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return system_failure("write to a segment", errno);
        offset += static_cast<std::uint64_t>(written);
        auto left = static_cast<std::size_t>(written);
        while (!vectors.empty() && left >= vectors.front().iov_len) {
            left -= vectors.front().iov_len;
            vectors = vectors.subspan(1);
        }
        if (left > 0) {
            auto& cut = vectors.front();
            cut.iov_base = static_cast<std::byte*>(cut.iov_base) + left;
            cut.iov_len -= left;
        }
    }
    return {};
}

void add_vector(std::vector<iovec>& vectors, Bytes bytes) {
    if (!bytes.empty()) {
        vectors.push_back({const_cast<std::byte*>(bytes.data()), bytes.size()});
    }
}

std::int64_t us(Time time) {
    return time.time_since_epoch().count();
}

}  // namespace

std::uint64_t StageJob::bytes() const {
    std::uint64_t sum = 0;
    for (const auto& record : records_) sum += record.bytes();
    return sum;
}

std::uint64_t group_max_bytes(const LocalStoreOptions& options) {
    const auto largest = segment_size(options, std::numeric_limits<std::int64_t>::max());
    return std::min(options.group_max_bytes, largest - 2 * kPageBytes);
}

std::uint64_t segment_size(const LocalStoreOptions& options, std::int64_t number) {
    std::uint64_t size = align_up(options.segment_first_bytes, kPageBytes);
    for (std::int64_t i = 1; i < number && size < options.segment_max_bytes; ++i) size *= 2;
    // Room for the header and the largest object, whatever the options say.
    const auto least =
        align_up(kPageBytes + options.small_max_bytes + kRecordHeaderBytes + kKeyMaxBytes + 8,
                 kPageBytes) +
        kPageBytes;
    return std::max(std::min(size, align_up(options.segment_max_bytes, kPageBytes)), least);
}

namespace {

/// Writes zeros over the whole file, past the page cache where the file system lets us: they
/// would only push out what is read.
Result<void> write_zeros(const std::filesystem::path& path, const UniqueFd& file,
                         std::uint64_t size_bytes) {
    constexpr std::size_t kPiece = 1 << 20;
    const std::unique_ptr<void, decltype(&std::free)> zeros(
        std::aligned_alloc(kPageBytes, kPiece), &std::free);
    LARMOR_CHECK(zeros != nullptr);
    std::memset(zeros.get(), 0, kPiece);
    // In one go, so that the blocks lie together. A file system without it is fine.
    if (::fallocate(file.get(), 0, 0, static_cast<off_t>(size_bytes)) != 0 && errno == ENOSPC) {
        return system_failure("make room for a segment", errno);
    }
    const auto direct = open_file(path, O_WRONLY | O_DIRECT);
    const auto write = [&](const UniqueFd& to) -> Result<void> {
        for (std::uint64_t at = 0; at < size_bytes; at += kPiece) {
            const auto count =
                static_cast<std::size_t>(std::min<std::uint64_t>(kPiece, size_bytes - at));
            TRY_VOID(
                write_at(to, at, Bytes(static_cast<const std::byte*>(zeros.get()), count)));
        }
        return {};
    };
    if (direct && write(*direct)) return {};
    return write(file);
}

}  // namespace

Result<OpenSegment> create_segment(const std::filesystem::path& directory,
                                   const SegmentHeader& header, std::uint64_t size_bytes) {
    OpenSegment segment;
    segment.number = header.segment;
    segment.size_bytes = size_bytes;
    const auto path = directory / segment_name(header.segment);
    TRY(segment.file, open_file(path, O_RDWR | O_CREAT | O_TRUNC));
    TRY_VOID(write_zeros(path, segment.file, size_bytes));
    // Last: a file with a header is complete.
    if (::fsync(segment.file.get()) != 0) return system_failure("fsync of a segment", errno);
    TRY_VOID(write_at(segment.file, 0, encode(header)));
    if (::fsync(segment.file.get()) != 0) return system_failure("fsync of a segment", errno);
    TRY_VOID(sync_directory(directory));
    return segment;
}

SegmentWriter::SegmentWriter(db::Database& database, const LocalStoreOptions& options,
                             StoreId store, std::deque<OpenSegment> ready)
    : database_(database),
      options_(options),
      store_(store),
      directory_(options.directory / "segments"),
      ready_(std::move(ready)) {
    ahead_thread_ = std::thread([this] {
        async::name_this_thread("obj-ahead");
        prepare_ahead();
    });
    thread_ = std::thread([this] {
        async::name_this_thread("obj-segments");
        run();
    });
}

SegmentWriter::~SegmentWriter() {
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    queue_changed_.notify_all();
    thread_.join();  // it may still need the other
    {
        const std::lock_guard lock(mutex_);
        ahead_stopping_ = true;
    }
    ahead_changed_.notify_all();
    ahead_thread_.join();
}

void SegmentWriter::submit(StageJob& job) {
    Result<void> refused;
    bool was_empty = false;
    {
        const std::lock_guard lock(mutex_);
        if (stopping_) {
            refused = fail(ErrorCode::Unavailable, "the object store is being closed");
        } else if (broken_) {
            refused = tl::unexpected(*broken_);
        } else if (queue_.size() >= options_.queued_max ||
                   queued_bytes_ > options_.queued_max_bytes) {
            refused =
                fail(ErrorCode::Unavailable,
                     std::to_string(queue_.size()) + " objects of together " +
                         std::to_string(queued_bytes_) + " bytes are waiting to be stored");
        } else {
            was_empty = queue_.empty();
            queue_.push_back(&job);
            queued_bytes_ += job.bytes();
        }
    }
    if (!refused) {
        job.done(tl::unexpected(refused.error()));
    } else if (was_empty) {
        queue_changed_.notify_one();
    }
}

LocalStoreStats SegmentWriter::stats() const {
    const std::lock_guard lock(mutex_);
    LocalStoreStats stats = stats_;
    stats.queued = queue_.size();
    return stats;
}

void SegmentWriter::run() {
    std::vector<StageJob*> group;
    std::vector<std::vector<StagedObject>> staged;
    for (;;) {
        group.clear();
        std::optional<Error> broken;
        {
            std::unique_lock lock(mutex_);
            queue_changed_.wait(lock, [&] { return !queue_.empty() || stopping_; });
            if (queue_.empty()) return;
            // What fits into the segment; the first one in any case, in a new segment if it
            // must be.
            const std::uint64_t room =
                current_.size_bytes - std::min(current_.end + kPageBytes, current_.size_bytes);
            const std::uint64_t bytes_max = std::min(options_.group_max_bytes, room);
            for (std::uint64_t bytes = 0; !queue_.empty();) {
                const auto more = queue_.front()->bytes();
                if (!group.empty() && bytes + more > bytes_max) break;
                bytes += more;
                queued_bytes_ -= more;
                group.push_back(queue_.front());
                queue_.pop_front();
            }
            broken = broken_;
        }
        Result<void> outcome;
        if (broken) {
            outcome = tl::unexpected(*broken);
        } else {
            outcome = write_group(group, staged);
        }
        std::size_t records = 0;
        {
            const async::PostBatch one_wake_up_per_executor;
            for (std::size_t i = 0; i < group.size(); ++i) {
                if (outcome) {
                    records += staged[i].size();
                    group[i]->done(std::move(staged[i]));
                } else {
                    group[i]->done(tl::unexpected(outcome.error()));
                }
            }
        }
        // After telling where the records are: their rows are written while the disk works, and
        // committed when it has (`wait_for`).
        if (outcome) sync_group(records);
    }
}

Result<void> SegmentWriter::write_group(const std::vector<StageJob*>& group,
                                        std::vector<std::vector<StagedObject>>& staged) {
    std::uint64_t bytes_max = kPageBytes;
    std::size_t records = 0;
    std::size_t heads_bytes = 0;
    for (const auto* job : group) {
        bytes_max += job->bytes();
        records += job->records().size();
        for (const auto& record : job->records()) {
            heads_bytes += kRecordHeaderBytes + align_up(record.request.key.size(), 8);
        }
    }
    TRY_VOID(make_room(bytes_max));

    ByteBuffer heads;
    heads.reserve(heads_bytes);  // the vectors point into it
    std::vector<iovec> vectors;
    vectors.reserve(records * 4);
    staged.assign(group.size(), {});
    std::uint64_t at = current_.end;
    const std::int64_t now = us(options_.clock->now());
    for (std::size_t i = 0; i < group.size(); ++i) {
        for (const auto& record : group[i]->records()) {
            RecordHeader header{.segment = current_.number,
                                .offset = at,
                                .body_bytes = record.body_bytes,
                                .body_crc32c = record.body_crc32c,
                                .created_us = now,
                                .key = record.request.key};
            const std::size_t head_at = heads.size();
            append(heads, header);
            add_vector(vectors, Bytes(heads).subspan(head_at));
            for (const Bytes part : record.request.body) add_vector(vectors, part);
            const auto end = at + header.head_bytes() + record.body_bytes;
            add_vector(vectors, Bytes(kPadding).first(header.next() - end));
            staged[i].push_back({.location = {.segment = current_.number,
                                              .key = {},
                                              .record_offset = at,
                                              .head_bytes = header.head_bytes(),
                                              .size_bytes = record.body_bytes,
                                              .sha256 = record.sha256},
                                 .sync = sync_ + 1});
            at = header.next();
        }
    }
    LARMOR_CHECK(heads.size() == heads_bytes);
    // To the end of the page: a part of a page that is not in memory would have to be read
    // first.
    add_vector(vectors, Bytes(kPadding).first(align_up(at, kPageBytes) - at));

    if (auto written = write_vectors(current_.file, current_.end, vectors); !written) {
        // A full disk takes nothing from what is there. Anything else: nobody knows.
        if (written.error().code != ErrorCode::NoSpace) fail_for_good(written.error());
        return written;
    }
    // Records share no page with what comes: one that was acknowledged is never written again.
    written_end_ = align_up(at, kPageBytes);
    ++sync_;
    return {};
}

void SegmentWriter::sync_group(std::size_t records) {
    const auto synced = sync_data(current_.file);
    // The kernel may have dropped the pages: a second sync that succeeds would prove nothing.
    if (!synced) fail_for_good(synced.error());
    const std::lock_guard lock(mutex_);
    if (synced) {
        synced_ = sync_;
        stats_.groups += 1;
        stats_.records += records;
        stats_.bytes += written_end_ - current_.end;
        stats_.group_records_max = std::max<std::uint64_t>(stats_.group_records_max, records);
    }
    current_.end = written_end_;
    synced_changed_.notify_all();
}

Result<void> SegmentWriter::wait_for(std::uint64_t sync) {
    std::unique_lock lock(mutex_);
    synced_changed_.wait(lock, [&] { return synced_ >= sync || broken_; });
    if (synced_ >= sync) return {};
    return tl::unexpected(*broken_);
}

Result<void> SegmentWriter::make_room(std::uint64_t bytes) {
    std::unique_lock lock(mutex_);
    if (!current_.file || bytes > current_.size_bytes - current_.end) {
        for (;;) {
            if (!ready_.empty()) {
                if (current_.file) full_.push_back(std::move(current_));
                current_ = std::move(ready_.front());
                ready_.pop_front();
                if (bytes <= current_.size_bytes - current_.end) break;
            }
            if (!ready_.empty()) continue;
            ahead_failed_.reset();
            next_wanted_ = true;
            ahead_changed_.notify_all();
            queue_changed_.wait(lock, [&] { return !ready_.empty() || ahead_failed_; });
            if (ready_.empty()) return tl::unexpected(*ahead_failed_);
        }
    }
    // The next one early enough to be there when this one is full; for a small library not at
    // once.
    const bool soon = current_.number > 1 || current_.end > current_.size_bytes / 4;
    if (soon && ready_.empty() && !ahead_failed_) {
        next_wanted_ = true;
    }
    if (next_wanted_ || !full_.empty()) ahead_changed_.notify_all();
    return {};
}

Result<OpenSegment> SegmentWriter::make_segment() {
    const std::int64_t now = us(options_.clock->now());
    TRY(const SegmentRow row,
        database_.write_and_wait([&](db::Transaction& tx) { return insert_segment(tx, now); }));
    auto made = create_segment(directory_, {store_, row.segment, now},
                               segment_size(options_, row.segment));
    if (!made) {
        // Most likely no space: give back what was taken. What stays, the next start makes
        // good.
        std::error_code ignored;
        std::filesystem::remove(directory_ / segment_name(row.segment), ignored);
        static_cast<void>(database_.write_and_wait(
            [&](db::Transaction& tx) { return remove_segment(tx, row.segment); }));
    }
    return made;
}

void SegmentWriter::prepare_ahead() {
    std::unique_lock lock(mutex_);
    for (;;) {
        ahead_changed_.wait(lock,
                            [&] { return ahead_stopping_ || !full_.empty() || next_wanted_; });
        if (ahead_stopping_) return;
        if (next_wanted_) {
            lock.unlock();
            auto made = make_segment();
            lock.lock();
            // Now, not before: until here it would have been wanted again.
            next_wanted_ = false;
            if (made) {
                ready_.push_back(std::move(*made));
            } else {
                ahead_failed_ = made.error();
            }
        } else {
            const OpenSegment sealed = std::move(full_.front());
            full_.pop_front();
            lock.unlock();
            // Failing, it stays open in the rows: the next start finds it full and goes on.
            static_cast<void>(::ftruncate(sealed.file.get(), static_cast<off_t>(sealed.end)));
            static_cast<void>(database_.write_and_wait([&](db::Transaction& tx) {
                return seal_segment(tx, sealed.number, sealed.end);
            }));
            lock.lock();
        }
        queue_changed_.notify_all();
    }
}

void SegmentWriter::fail_for_good(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (broken_) return;
    broken_ = Error{ErrorCode::NoSpace,
                    "the object store is read-only since a write to the disk failed (" +
                        error.message +
                        "): nobody knows what the disk holds until the program was restarted"};
}

}  // namespace larmor::objects::local
