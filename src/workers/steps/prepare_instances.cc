#include "workers/steps/prepare_instances.h"

#include <set>

#include "async/sync_wait.h"
#include "observe/metrics.h"
#include "preprocess/make_image_frames.h"
#include "preprocess/prepare_stored.h"
#include "preprocess/series_thumbnail.h"
#include "workers/pool_options.h"

namespace larmor::workers {
namespace {

observe::Counter& prepared_instances() {
    static auto& counter =
        observe::metrics().counter("larmor_preprocess_instances_total",
                                   "Instances that were preprocessed, failures included.");
    return counter;
}

}  // namespace

PrepareInstances::PrepareInstances(const Services& services)
    : services_(services),
      stores_({.name = "preprocess", .threads = 1, .background_threads = 0}) {}

async::Task<Result<Verdict>> PrepareInstances::run(queue::Message message,
                                                   async::CancelToken stop) {
    CO_TRY(auto request, preprocess::parse_prepare_request(message.body));
    if (request.image_set) {
        co_return co_await make_series_thumbnail(*request.image_set);
    }
    if (request.image_frames) {
        co_return co_await make_image_frames(*request.image_frames);
    }
    if (message.suspect && request.instances.size() > 1) {
        co_return cut_up(std::move(request.instances));
    }
    co_return co_await prepare(std::move(request.instances), std::move(stop));
}

/// The messages that follow have their own starts.
Verdict PrepareInstances::cut_up(std::vector<catalog::InstanceRow> rows) const {
    return Done{[this, rows = std::move(rows)](db::Transaction& tx) -> Result<void> {
        std::vector<queue::NewMessage> messages;
        for (const catalog::InstanceRow row : rows)
            messages.push_back({.body = preprocess::to_body({.instances = {row}})});
        TRY_VOID(services_.queue.send(tx, messages));
        return {};
    }};
}

async::Task<Result<Verdict>> PrepareInstances::prepare(std::vector<catalog::InstanceRow> rows,
                                                       async::CancelToken stop) {
    auto batch = co_await stores_.run(
        async::Priority::Normal, [&] { return read_batch(rows); }, async::WhenFull::Wait);
    if (!batch) co_return tl::unexpected(std::move(batch).error());
    if (batch->empty()) co_return Done{};
    std::vector<async::Task<Result<preprocess::PreparedInstance>>> tasks;
    tasks.reserve(batch->size());
    for (const auto& instance : *batch) tasks.push_back(prepare_one(&instance, &stop));
    auto results = co_await async::when_all(std::move(tasks));
    if (stop.cancelled()) {
        co_return fail(ErrorCode::Cancelled, "stopped before the end");
    }
    auto staged = co_await stores_.run(
        async::Priority::Normal,
        [&] {
            return preprocess::StagedBatch::stage(services_.store, *std::move(batch),
                                                  std::move(results));
        },
        async::WhenFull::Wait);
    if (!staged) co_return tl::unexpected(std::move(staged).error());
    co_return Done{[this, staged = std::make_shared<const preprocess::StagedBatch>(*std::move(
                              staged))](db::Transaction& tx) { return record(tx, *staged); }};
}

Result<PrepareInstances::Batch> PrepareInstances::read_batch(
    const std::vector<catalog::InstanceRow>& rows) const {
    return services_.database.read([&](db::Snapshot& snapshot) -> Result<Batch> {
        Batch batch;
        for (const catalog::InstanceRow row : rows) {
            auto instance = services_.catalog.find_instance(snapshot, row);
            // Removed for good meanwhile.
            if (!instance && instance.error().code == ErrorCode::NotFound) continue;
            if (!instance) return tl::unexpected(std::move(instance).error());
            if (instance->preprocess == catalog::PreprocessState::Done) continue;
            batch.push_back(*std::move(instance));
        }
        return batch;
    });
}

async::Task<Result<preprocess::PreparedInstance>> PrepareInstances::prepare_one(
    const catalog::StoredInstance* instance, const async::CancelToken* stop) {
    co_return co_await services_.pool.run(
        async::Priority::Background,
        [&]() -> Result<preprocess::PreparedInstance> {
            if (stop->cancelled()) return fail(ErrorCode::Cancelled, "stopped");
            TRY(const objects::ObjectLocation location,
                services_.store.locate(instance->file.object));
            return preprocess::prepare_stored(services_.store, location);
        },
        async::WhenFull::Wait);
}

Result<void> PrepareInstances::record(db::Transaction& tx,
                                      const preprocess::StagedBatch& staged) const {
    TRY_VOID(staged.record(tx, services_.store, services_.catalog));
    std::set<catalog::ImageSetRow> image_sets;
    for (const auto& instance : staged.instances()) image_sets.insert(instance.image_set);
    std::vector<queue::NewMessage> messages;
    for (const catalog::ImageSetRow image_set : image_sets) {
        TRY(const bool has_pending, services_.catalog.has_pending(tx, image_set));
        if (has_pending) continue;
        // Before the instances of others: lists show it.
        messages.push_back(
            {.body = preprocess::to_body({.image_set = image_set}), .priority = kInteractive});
    }
    if (!messages.empty()) {
        TRY_VOID(services_.queue.send(tx, messages));
    }
    tx.on_commit([count = staged.instances().size()] { prepared_instances().add(count); });
    return {};
}

async::Task<Result<Verdict>> PrepareInstances::make_series_thumbnail(
    catalog::ImageSetRow image_set) {
    auto staged = co_await stores_.run(
        async::Priority::Normal,
        [&] {
            return preprocess::stage_series_thumbnail(services_.database, services_.store,
                                                      services_.catalog, image_set);
        },
        async::WhenFull::Wait);
    // What was removed for good meanwhile needs no picture.
    if (!staged && staged.error().code == ErrorCode::NotFound) co_return Done{};
    if (!staged) co_return tl::unexpected(std::move(staged).error());
    if (!*staged) co_return Done{};
    co_return Done{[this, thumbnail = **std::move(staged)](db::Transaction& tx) {
        return preprocess::record_series_thumbnail(tx, services_.store, services_.catalog,
                                                   thumbnail);
    }};
}

async::Task<Result<Verdict>> PrepareInstances::make_image_frames(catalog::InstanceRow row) {
    auto batch = co_await stores_.run(
        async::Priority::Normal, [&] { return read_without_frames(row); },
        async::WhenFull::Wait);
    if (!batch) co_return tl::unexpected(std::move(batch).error());
    if (batch->empty()) co_return Done{};
    const catalog::StoredInstance& instance = batch->front();
    auto staged = co_await services_.pool.run(
        async::Priority::Background,
        [this, &instance]() -> Result<preprocess::StagedImageFrames> {
            TRY(const objects::ObjectLocation file,
                services_.store.locate(instance.file.object));
            return preprocess::stage_image_frames(services_.store, file,
                                                  preprocess::image_frames_key(instance));
        },
        async::WhenFull::Wait);
    if (!staged) co_return tl::unexpected(std::move(staged).error());
    co_return Done{[this, file = instance.file.object,
                    object = std::move(staged->object)](db::Transaction& tx) {
        return preprocess::record_image_frames(tx, services_.store, services_.catalog, file,
                                               object);
    }};
}

/// Nothing where they are there, or the instance was removed for good.
Result<PrepareInstances::Batch> PrepareInstances::read_without_frames(
    catalog::InstanceRow row) const {
    return services_.database.read([&](db::Snapshot& snapshot) -> Result<Batch> {
        auto instance = services_.catalog.find_instance(snapshot, row);
        if (!instance && instance.error().code == ErrorCode::NotFound) return Batch();
        if (!instance) return tl::unexpected(std::move(instance).error());
        TRY(const auto frames,
            services_.catalog.find_image_frames(snapshot, instance->file.object));
        if (frames) return Batch();
        return Batch{*std::move(instance)};
    });
}

}  // namespace larmor::workers
