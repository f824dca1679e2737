#include "objects/local/local_store.h"

#include <fcntl.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <iterator>
#include <limits>
#include <vector>

#include "objects/local/file_cache.h"
#include "objects/local/removal_hold.h"
#include "objects/local/rows.h"
#include "objects/local/segment_writer.h"
#include "objects/local/upload.h"
#include "objects/local/verify_object.h"

namespace larmor::objects::local {
namespace {

/// Of its first byte in its file.
std::uint64_t start_of(const ObjectLocation& location) {
    return location.segment == 0 ? 0 : location.record_offset + location.head_bytes;
}

tl::unexpected<Error> too_short(const ObjectLocation& location) {
    return fail(ErrorCode::Corrupt, place_of(location) + ": the file ends too early");
}

class LocalStoreImpl final : public LocalStore {
public:
    LocalStoreImpl(db::Database& database, LocalStoreOptions options)
        : options_(std::move(options)),
          graces_(*options_.clock),
          database_(database),
          area_{database, options_.directory / "incoming", options_.directory / "files",
                graces_, options_.writer},
          files_(options_.open_files_max) {}

    Result<void> start();

    std::uint64_t small_max_bytes() const override { return options_.small_max_bytes; }
    LocalStoreStats stats() const override { return segments_->stats(); }

    async::Task<Result<StagedObject>> stage(StageRequest request) override {
        std::vector<StageRequest> one;
        one.push_back(std::move(request));
        CO_TRY(auto staged, co_await stage_all(std::move(one)));
        co_return std::move(staged.front());
    }

    async::Task<Result<std::vector<StagedObject>>> stage_all(
        std::vector<StageRequest> requests) override {
        // Of a size that fits into a segment: one, unless the requests are many.
        std::vector<std::vector<PreparedRecord>> groups;
        std::uint64_t bytes = 0;
        for (auto& request : requests) {
            CO_TRY(auto record, prepare(std::move(request)));
            const auto more = record.bytes();
            if (groups.empty() || bytes + more > segments_->group_max_bytes()) {
                groups.emplace_back();
                bytes = 0;
            }
            bytes += more;
            groups.back().push_back(std::move(record));
        }
        std::vector<StagedObject> staged;
        for (auto& group : groups) {
            CO_TRY(auto written, co_await segments_->write(std::move(group)));
            std::ranges::move(written, std::back_inserter(staged));
        }
        co_return staged;
    }

    Result<std::unique_ptr<Upload>> begin_upload(std::string key) override {
        return begin_local_upload(area_, std::move(key));
    }

    Result<ObjectId> record(db::Transaction& tx, const StagedObject& staged) override {
        if (staged.intent != 0) TRY_VOID(remove_intent(tx, staged.intent));
        TRY(const std::int64_t id, ids_.next(tx));
        TRY_VOID(insert_object(tx, id, staged.location, now_us()));
        commit_when_durable(tx, staged);
        return ObjectId{id};
    }

    Result<void> relocate(db::Transaction& tx, ObjectId id, const ObjectLocation& from,
                          const StagedObject& staged) override {
        LARMOR_CHECK(staged.write != 0 && staged.location.size_bytes == from.size_bytes &&
                     staged.location.sha256 == from.sha256);
        TRY_VOID(relocate_object(tx, id, from, staged.location));
        commit_when_durable(tx, staged);
        return {};
    }

    Result<ObjectLocation> locate(db::Snapshot& snapshot, ObjectId id) override {
        return find_object(snapshot, id);
    }
    Result<ObjectLocation> locate(ObjectId id) override {
        return database_.read(
            [&](db::Snapshot& snapshot) { return find_object(snapshot, id); });
    }

    bool opens_at_once() const override { return true; }
    Result<FileSlice> open(const ObjectLocation& location, ByteRange range) override;
    Result<void> read(const ObjectLocation& location, std::uint64_t offset,
                      std::span<std::byte> out) override;
    Result<void> verify(const ObjectLocation& location) override;

    Result<void> drop(const StagedObject& staged) override {
        if (staged.intent == 0) return {};
        TRY_VOID(clean_up_intent(area_, staged.intent, staged.location.key));
        return {};
    }
    Result<void> remove(db::Transaction& tx, ObjectId id) override {
        return remove_object(tx, id, grace_us());
    }
    Result<std::uint64_t> collect_garbage() override;

private:
    /// The file in which it is, where it has such a range.
    Result<std::shared_ptr<const UniqueFd>> file_with(const ObjectLocation& location,
                                                      ByteRange range);
    void commit_when_durable(db::Transaction& tx, const StagedObject& staged) {
        if (staged.write == 0) return;
        segments_->start_sync(staged.write);
        tx.commit_after(
            [this, write = staged.write] { return segments_->wait_for_sync(write); });
    }
    Result<PreparedRecord> prepare(StageRequest request) const;
    Result<OpenSegment> reopen(const SegmentRow& row, StoreId store);
    Result<std::uint64_t> clean_up_intents(std::int64_t until_us);
    std::int64_t now_us() const { return options_.clock->now().time_since_epoch().count(); }
    std::int64_t grace_us() const { return graces_.now().time_since_epoch().count(); }
    std::string path_of(const ObjectLocation& location) const {
        return file_of(options_.directory, location);
    }

    const LocalStoreOptions options_;
    const SteadyClock graces_;  ///< a clock that jumps ends no grace period
    db::Database& database_;
    FileArea area_;
    FileCache files_;
    ObjectIds ids_;
    std::unique_ptr<SegmentWriter> segments_;
};

Result<void> LocalStoreImpl::start() {
    for (const auto& directory :
         {options_.directory / "segments", area_.incoming, area_.files}) {
        std::error_code error;
        std::filesystem::create_directories(directory, error);
        if (error) return system_failure("make folder " + directory.string(), error.value());
    }
    TRY_VOID(sync_directory(options_.directory));
    TRY_VOID(sync_directory(options_.directory.parent_path()));

    TRY(const StoreId store, open_store_id(database_));
    TRY(ids_, database_.read([](db::Snapshot& snapshot) { return ObjectIds::open(snapshot); }));
    TRY_VOID(database_.write_and_wait(
        [&](db::Transaction& tx) { return forget_the_future(tx, grace_us()); }));
    // One process has our name: whoever began these uploads is gone.
    TRY_VOID(clean_up_intents(std::numeric_limits<std::int64_t>::max()));

    TRY(const auto rows, database_.read([&](db::Snapshot& snapshot) {
        return open_segments(snapshot, options_.writer);
    }));
    std::deque<OpenSegment> ready;
    for (const auto& row : rows) {
        TRY(OpenSegment segment, reopen(row, store));
        ready.push_back(std::move(segment));
    }
    segments_ = std::make_unique<SegmentWriter>(database_, options_, store, std::move(ready));
    area_.check_writing = [this] { return segments_->check_writing(); };
    area_.stop_writing = [this](const Error& error) { segments_->stop_writing(error); };
    area_.fail_syncs = options_.fail_syncs;
    return {};
}

Result<OpenSegment> LocalStoreImpl::reopen(const SegmentRow& row, StoreId store) {
    TRY(const auto recorded, database_.read([&](db::Snapshot& snapshot) {
        return last_recorded_end(snapshot, row.segment);
    }));
    const auto directory = options_.directory / "segments";
    auto file = open_file(directory / segment_name(row.segment), O_RDWR);
    ByteBuffer page(kPageBytes);
    auto header = file.and_then([&](const UniqueFd& opened) -> Result<SegmentHeader> {
        TRY_VOID(read_at(opened, 0, page));
        return decode_segment_header(page);
    });
    if (!header) {
        const auto code = header.error().code;
        if (code == ErrorCode::Unavailable) return tl::unexpected(header.error());
        if (recorded) {
            return fail(ErrorCode::Corrupt,
                        "segment " + std::to_string(row.segment) +
                            " holds objects, but: " + header.error().message);
        }
        // We stopped between its row and its header.
        return create_segment(directory, {store, row.segment, row.created_us},
                              segment_size(options_, row.segment), Blocks::Zeros);
    }
    if (header->store != store || header->segment != row.segment) {
        return fail(ErrorCode::Corrupt,
                    "segment " + std::to_string(row.segment) + " belongs to another store");
    }
    OpenSegment segment;
    segment.number = row.segment;
    segment.file = std::move(*file);
    TRY(segment.size_bytes, size_of(segment.file));
    if (recorded && *recorded > segment.size_bytes) {
        return fail(ErrorCode::Corrupt, "segment " + std::to_string(row.segment) + " has " +
                                            std::to_string(segment.size_bytes) +
                                            " bytes, its rows say at least " +
                                            std::to_string(*recorded));
    }
    TRY(segment.end, find_end(segment.file, row.segment, recorded.value_or(kPageBytes)));
    return segment;
}

Result<PreparedRecord> LocalStoreImpl::prepare(StageRequest request) const {
    if (!is_object_key(request.key)) return fail(ErrorCode::InvalidInput, "not an object key");
    PreparedRecord record;
    for (const Bytes part : request.body) {
        record.body_bytes += part.size();
        record.body_crc32c = crc32c(part, record.body_crc32c);
    }
    if (record.body_bytes > options_.small_max_bytes) {
        return fail(ErrorCode::LimitExceeded,
                    "an object of " + std::to_string(record.body_bytes) +
                        " bytes is too large to be staged, the limit is " +
                        std::to_string(options_.small_max_bytes));
    }
    if (request.sha256) {
        record.sha256 = *request.sha256;
    } else if (request.body.size() == 1) {
        record.sha256 = sha256(request.body.front());
    } else {
        Sha256Stream hash;
        for (const Bytes part : request.body) hash.update(part);
        record.sha256 = hash.finish();
    }
    record.request = std::move(request);
    return record;
}

Result<std::shared_ptr<const UniqueFd>> LocalStoreImpl::file_with(
    const ObjectLocation& location, ByteRange range) {
    if (range.offset > location.size_bytes ||
        range.count > location.size_bytes - range.offset) {
        return invalid_at(range.offset, "range ends beyond the object");
    }
    auto file = files_.open(path_of(location));
    if (!file && file.error().code == ErrorCode::NotFound) {
        return fail(ErrorCode::Corrupt, place_of(location) + ": the file is missing");
    }
    return file;
}

Result<FileSlice> LocalStoreImpl::open(const ObjectLocation& location, ByteRange range) {
    TRY(auto file, file_with(location, range));
    const std::uint64_t start = start_of(location);
    TRY(const std::uint64_t size, size_of(*file));
    if (start > size || location.size_bytes > size - start) return too_short(location);
    return FileSlice{std::move(file), start + range.offset, range.count};
}

Result<void> LocalStoreImpl::read(const ObjectLocation& location, std::uint64_t offset,
                                  std::span<std::byte> out) {
    TRY(const auto file, file_with(location, {offset, out.size()}));
    auto done = read_at(*file, start_of(location) + offset, out);
    if (!done && done.error().code == ErrorCode::InvalidInput) return too_short(location);
    return done;
}

Result<void> LocalStoreImpl::verify(const ObjectLocation& location) {
    TRY(const FileSlice slice, open_whole(location));
    return verify_object(*slice.file, location);
}

Result<std::uint64_t> LocalStoreImpl::clean_up_intents(std::int64_t until_us) {
    constexpr std::size_t kPage = 100;
    std::uint64_t freed = 0;
    for (;;) {
        TRY(const auto intents, database_.read([&](db::Snapshot& snapshot) {
            return old_intents(snapshot, options_.writer, until_us, kPage);
        }));
        for (const auto& intent : intents) {
            TRY(const std::uint64_t bytes, clean_up_intent(area_, intent.id, intent.key));
            freed += bytes;
        }
        if (intents.size() < kPage) return freed;
    }
}

Result<std::uint64_t> LocalStoreImpl::collect_garbage() {
    constexpr std::size_t kPage = 100;
    TRY(const auto hold, RemovalHold::try_exclusive(area_.files));
    if (!hold) return 0;  // a backup runs: later
    const std::int64_t until = grace_us() - options_.grace.count();
    TRY(std::uint64_t freed, clean_up_intents(until));
    for (;;) {
        TRY(const auto garbage, database_.read([&](db::Snapshot& snapshot) {
            return old_garbage(snapshot, until, kPage);
        }));
        for (const auto& item : garbage) {
            TRY(const std::uint64_t bytes, remove_unneeded_file(area_, item.key, 0, item.id));
            files_.forget((area_.files / item.key).string());
            TRY_VOID(database_.write_and_wait(
                [&](db::Transaction& tx) { return remove_garbage(tx, item.id); }));
            freed += bytes;
        }
        if (garbage.size() < kPage) return freed;
    }
}

}  // namespace

Result<std::unique_ptr<LocalStore>> open_local_store(db::Database& database,
                                                     LocalStoreOptions options) {
    options.directory = std::filesystem::absolute(options.directory);
    auto store = std::make_unique<LocalStoreImpl>(database, std::move(options));
    TRY_VOID(store->start());
    return store;
}

}  // namespace larmor::objects::local
