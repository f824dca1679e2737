#include "objects/s3/store.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "async/sync_wait.h"
#include "async/worker_pool.h"
#include "objects/object_rows.h"
#include "objects/s3/bucket_area.h"
#include "objects/s3/nameless_file.h"
#include "objects/s3/stored_upload.h"

namespace larmor::objects::s3 {
namespace {

async::WorkerPool::Options putters(unsigned threads) {
    async::WorkerPool::Options pool;
    pool.name = "s3";
    pool.threads = threads;
    pool.background_threads = 0;
    return pool;
}

/// A small object on its way.
struct SmallPut {
    StageRequest request;
    StagedObject staged;
    Result<void> outcome{};
};

Sha256 hash_of(const StageRequest& request) {
    if (request.sha256) return *request.sha256;
    Sha256Stream hash;
    for (const Bytes part : request.body) hash.update(part);
    return hash.finish();
}

/// Equal keys have equal bytes.
std::string name_by_content(const std::string& key, const Sha256& sha256) {
    const auto hash = to_hex(sha256);
    return key.find(hash) != std::string::npos ? key : key + '/' + hash;
}

class S3StoreImpl final : public S3Store {
public:
    S3StoreImpl(db::Database& database, S3StoreOptions options, std::unique_ptr<Client> client)
        : options_(std::move(options)),
          graces_(*options_.clock),
          client_(std::move(client)),
          area_{database, *client_, options_.prefix, options_.folder},
          pool_(putters(options_.puts_max)) {}

    Result<void> start();

    std::uint64_t small_max_bytes() const override { return options_.small_max_bytes; }
    bool opens_at_once() const override { return false; }

    async::Task<Result<StagedObject>> stage(StageRequest request) override {
        std::vector<StageRequest> one;
        one.push_back(std::move(request));
        CO_TRY(auto staged, co_await stage_all(std::move(one)));
        co_return std::move(staged.front());
    }
    async::Task<Result<std::vector<StagedObject>>> stage_all(
        std::vector<StageRequest> requests) override;

    Result<std::unique_ptr<Upload>> begin_upload(std::string key) override {
        return begin_stored_upload(area_, graces_, options_.writer, std::move(key));
    }

    Result<ObjectId> record(db::Transaction& tx, const StagedObject& staged) override {
        TRY_VOID(remove_intent(tx, staged.intent));
        TRY(const std::int64_t id, ids_.next(tx));
        TRY_VOID(insert_object(tx, id, staged.location,
                               options_.clock->now().time_since_epoch().count()));
        return ObjectId{id};
    }

    Result<ObjectLocation> locate(db::Snapshot& snapshot, ObjectId id) override {
        return find_object(snapshot, id);
    }
    Result<ObjectLocation> locate(ObjectId id) override {
        return area_.database.read(
            [&](db::Snapshot& snapshot) { return find_object(snapshot, id); });
    }

    Result<FileSlice> open(const ObjectLocation& location, ByteRange range) override;
    Result<void> read(const ObjectLocation& location, std::uint64_t offset,
                      std::span<std::byte> out) override;
    Result<void> verify(const ObjectLocation& location) override {
        return verify_object(area_, location);
    }
    Result<std::string> signed_url(const ObjectLocation& location,
                                   std::chrono::seconds expires) override {
        return client_->presign_get(area_.name_of(location.key), expires);
    }

    Result<void> drop(const StagedObject& staged) override {
        TRY_VOID(clean_up_intent(area_, {staged.intent, staged.location.key}));
        return {};
    }
    Result<void> remove(db::Transaction& tx, ObjectId id) override {
        return remove_object(tx, id, grace_us());
    }
    Result<std::uint64_t> collect_garbage() override;

private:
    Result<void> prepare(SmallPut& put) const;
    Result<void> put(const SmallPut& put);
    async::Task<Result<void>> put_on_pool(SmallPut* put);
    std::int64_t grace_us() const { return graces_.now().time_since_epoch().count(); }

    const S3StoreOptions options_;
    const SteadyClock graces_;  ///< a clock that jumps ends no grace period
    const std::unique_ptr<Client> client_;
    BucketArea area_;
    ObjectIds ids_;
    async::WorkerPool pool_;  ///< last: its threads use all above
};

Result<void> S3StoreImpl::start() {
    std::error_code error;
    std::filesystem::create_directories(options_.folder, error);
    if (error) return system_failure("make folder " + options_.folder.string(), error.value());
    auto& database = area_.database;
    TRY(const bool is_elsewhere, database.read([](db::Snapshot& snapshot) -> Result<bool> {
        TRY(db::Query query, snapshot.prepare("SELECT EXISTS (SELECT 1 FROM object_segments)"));
        TRY(const bool row, query.next());
        return row && query.int64(0) != 0;
    }));
    if (is_elsewhere) {
        return fail(ErrorCode::Conflict,
                    "the objects of this library are in its folder, not in S3");
    }
    TRY(const StoreId store, open_store_id(database));
    TRY_VOID(claim_area(area_, store));
    TRY(ids_, database.read([](db::Snapshot& snapshot) { return ObjectIds::open(snapshot); }));
    TRY_VOID(database.write_and_wait(
        [&](db::Transaction& tx) { return forget_the_future(tx, grace_us()); }));
    // One process has our name: whoever began these is gone.
    TRY_VOID(
        clean_up_intents(area_, options_.writer, std::numeric_limits<std::int64_t>::max()));
    return {};
}

Result<void> S3StoreImpl::prepare(SmallPut& put) const {
    const auto& request = put.request;
    if (!is_object_key(request.key)) return fail(ErrorCode::InvalidInput, "not an object key");
    auto& location = put.staged.location;
    for (const Bytes part : request.body) location.size_bytes += part.size();
    if (location.size_bytes > options_.small_max_bytes) {
        return fail(ErrorCode::LimitExceeded,
                    "an object of " + std::to_string(location.size_bytes) +
                        " bytes is too large to be staged, the limit is " +
                        std::to_string(options_.small_max_bytes));
    }
    location.sha256 = hash_of(request);
    location.key = name_by_content(request.key, location.sha256);
    return {};
}

Result<void> S3StoreImpl::put(const SmallPut& put) {
    const auto& location = put.staged.location;
    const auto& body = put.request.body;
    if (body.size() == 1) return put_object(area_, location.key, body[0], location.sha256);
    ByteBuffer whole;
    whole.reserve(location.size_bytes);
    for (const Bytes part : body) whole.insert(whole.end(), part.begin(), part.end());
    return put_object(area_, location.key, whole, location.sha256);
}

async::Task<Result<void>> S3StoreImpl::put_on_pool(SmallPut* put) {
    auto outcome = co_await pool_.run(
        async::Priority::Normal, [&] { return this->put(*put); }, async::WhenFull::Wait);
    co_return outcome;
}

async::Task<Result<std::vector<StagedObject>>> S3StoreImpl::stage_all(
    std::vector<StageRequest> requests) {
    std::vector<SmallPut> puts(requests.size());
    for (std::size_t i = 0; i < requests.size(); ++i) {
        puts[i].request = std::move(requests[i]);
        CO_TRY_VOID(prepare(puts[i]));
    }
    const auto now = grace_us();
    CO_TRY(const std::vector<std::int64_t> intents,
           co_await area_.database.write(
               [&](db::Transaction& tx) -> Result<std::vector<std::int64_t>> {
                   std::vector<std::int64_t> ids;
                   for (const auto& put : puts) {
                       TRY(const auto id,
                           insert_intent(tx, put.staged.location.key, now, options_.writer));
                       ids.push_back(id);
                   }
                   return ids;
               }));
    std::vector<async::Task<Result<void>>> under_way;
    for (std::size_t i = 0; i < puts.size(); ++i) {
        puts[i].staged.intent = intents[i];
        under_way.push_back(put_on_pool(&puts[i]));
    }
    const auto outcomes = co_await async::when_all(std::move(under_way));
    std::vector<StagedObject> staged;
    for (auto& put : puts) staged.push_back(std::move(put.staged));
    for (const auto& outcome : outcomes) {
        if (outcome) continue;
        // All or none. What can't be removed now is, when its intent has expired.
        const auto drop_all = [&] {
            for (const auto& each : staged) static_cast<void>(drop(each));
        };
        const auto dropped =
            co_await pool_.run(async::Priority::Normal, drop_all, async::WhenFull::Wait);
        static_cast<void>(dropped);
        co_return tl::unexpected(outcome.error());
    }
    co_return staged;
}

Result<FileSlice> S3StoreImpl::open(const ObjectLocation& location, ByteRange range) {
    TRY(UniqueFd file, make_nameless_file(options_.folder));
    TRY_VOID(read_object(area_, location, range,
                         [&](Bytes piece) { return write_all(file, piece); }));
    return FileSlice{std::make_shared<const UniqueFd>(std::move(file)), 0, range.count};
}

Result<void> S3StoreImpl::read(const ObjectLocation& location, std::uint64_t offset,
                               std::span<std::byte> out) {
    std::size_t filled = 0;
    const ByteRange range{offset, out.size()};
    return read_object(area_, location, range, [&](Bytes piece) -> Result<void> {
        // An object that is longer than its row says is told of behind its last byte.
        const auto count = std::min(piece.size(), out.size() - filled);
        if (count > 0) std::memcpy(out.data() + filled, piece.data(), count);
        filled += count;
        return {};
    });
}

Result<std::uint64_t> S3StoreImpl::collect_garbage() {
    constexpr std::size_t kPage = 100;
    const std::int64_t until = grace_us() - options_.grace.count();
    TRY(std::uint64_t freed, clean_up_intents(area_, options_.writer, until));
    for (;;) {
        TRY(const auto garbage, area_.database.read([&](db::Snapshot& snapshot) {
            return old_garbage(snapshot, until, kPage);
        }));
        for (const auto& item : garbage) {
            TRY(const std::uint64_t bytes, remove_unneeded(area_, item.key, 0, item.id));
            TRY_VOID(area_.database.write_and_wait(
                [&](db::Transaction& tx) { return remove_garbage(tx, item.id); }));
            freed += bytes;
        }
        if (garbage.size() < kPage) return freed;
    }
}

}  // namespace

Result<std::unique_ptr<S3Store>> open_s3_store(db::Database& database, S3StoreOptions options) {
    LARMOR_CHECK(options.prefix.empty() || options.prefix.ends_with('/'));
    options.folder = std::filesystem::absolute(options.folder);
    TRY(auto client, Client::open(options.client));
    auto store = std::make_unique<S3StoreImpl>(database, std::move(options), std::move(client));
    TRY_VOID(store->start());
    return store;
}

}  // namespace larmor::objects::s3
