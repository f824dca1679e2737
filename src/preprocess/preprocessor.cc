#include "preprocess/preprocessor.h"

#include <condition_variable>
#include <mutex>

#include "async/completion.h"
#include "async/executor.h"
#include "async/sync_wait.h"
#include "objects/mapped_object.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "preprocess/series_thumbnail.h"
#include "preprocess/store_prepared.h"

namespace larmor::preprocess {
namespace {

/// Instances whose results are stored with one sync: enough to make the sync cheap, few enough
/// that a stop does not wait long.
constexpr std::size_t kBatchInstances = 32;

/// How long to wait before trying again when the store refuses (a full disk): somebody has to
/// make room.
constexpr std::chrono::seconds kRetryAfter{5};

Result<PreparedInstance> prepare_stored(objects::ObjectStore& store,
                                        const objects::ObjectLocation& location) {
    TRY(const objects::MappedObject object, objects::map(store, location));
    TRY(const dicom::File file, dicom::open_file(object.bytes()));
    PrepareOptions options;
    options.done_with = [&object](ByteRange range) { object.release(range); };
    return prepare(file, options);
}

}  // namespace

struct Preprocessor::Core {
    explicit Core(Services given) : services(given) {}

    struct Metrics {
        observe::Histogram& batch = observe::metrics().histogram(
            "larmor_preprocess_batch_instances",
            "Pending instances found at a look, 0 when there were none.",
            observe::kBatchBuckets);
        observe::Counter& instances =
            observe::metrics().counter("larmor_preprocess_instances_total",
                                       "Instances that were preprocessed, failures included.");
    };

    Services services;
    Metrics metrics;
    std::mutex mutex;
    std::condition_variable changed;
    bool stopping = false;
    bool woken = true;  // the first look needs no wake-up
    bool idle = false;
    std::optional<Error> failed;  ///< why the last round ended early
    std::thread thread;

    void run() {
        async::name_this_thread("preprocess");
        while (wait_for_work()) {
            const Result<std::size_t> done = work_through_pending();
            const std::lock_guard lock(mutex);
            if (!done) {
                // Not again every few seconds while the disk stays full.
                if (!failed || failed->code != done.error().code) {
                    observe::log_error("preprocess", {{"error", done.error().message}});
                }
                failed = done.error();
                changed.notify_all();
                woken = true;
                retry_at = std::chrono::steady_clock::now() + kRetryAfter;
            } else {
                failed.reset();
                if (woken) continue;
                idle = true;
                changed.notify_all();
            }
        }
    }

    /// False when it is time to end.
    bool wait_for_work() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stopping || woken; });
        while (!stopping && std::chrono::steady_clock::now() < retry_at)
            changed.wait_until(lock, retry_at);
        woken = false;
        idle = false;
        return !stopping;
    }

    bool is_stopping() {
        const std::lock_guard lock(mutex);
        return stopping;
    }

    Result<std::size_t> work_through_pending() {
        std::size_t done = 0;
        SeriesThumbnails thumbnails(services.database, services.store, services.catalog);
        while (!is_stopping()) {
            TRY(const std::vector<catalog::StoredInstance> batch,
                services.database.read([&](db::Snapshot& snapshot) {
                    return services.catalog.list_pending(snapshot, catalog::InstanceRow{0},
                                                         kBatchInstances);
                }));
            metrics.batch.observe(static_cast<double>(batch.size()));
            if (batch.empty()) break;
            TRY_VOID(services.admission.check(0));
            TRY_VOID(work_on(batch));
            metrics.instances.add(batch.size());
            for (const catalog::StoredInstance& instance : batch) thumbnails.touch(instance);
            done += batch.size();
        }
        TRY_VOID(thumbnails.make());
        return done;
    }

    /// The instances of a batch side by side on the background threads, their results with one
    /// sync.
    Result<void> work_on(const std::vector<catalog::StoredInstance>& batch) {
        std::vector<async::Task<Result<PreparedInstance>>> tasks;
        tasks.reserve(batch.size());
        for (const catalog::StoredInstance& instance : batch)
            tasks.push_back(prepare_one(&instance));
        return store_prepared(services.database, services.store, services.catalog, batch,
                              async::sync_wait(async::when_all(std::move(tasks))));
    }

    async::Task<Result<PreparedInstance>> prepare_one(const catalog::StoredInstance* instance) {
        co_return co_await services.pool.run(
            async::Priority::Background,
            [this, instance]() -> Result<PreparedInstance> {
                TRY(const objects::ObjectLocation location,
                    services.store.locate(instance->file.object));
                return prepare_stored(services.store, location);
            },
            async::WhenFull::Wait);
    }

    std::chrono::steady_clock::time_point retry_at{};
};

Preprocessor::Preprocessor(Services services) : core_(std::make_unique<Core>(services)) {}
Preprocessor::~Preprocessor() {
    stop();
}

void Preprocessor::start() {
    LARMOR_CHECK(!core_->thread.joinable());
    core_->thread = std::thread([this] { core_->run(); });
}

void Preprocessor::wake() {
    const std::lock_guard lock(core_->mutex);
    if (core_->woken) return;
    core_->woken = true;
    core_->idle = false;
    core_->changed.notify_all();
}

void Preprocessor::stop() {
    {
        const std::lock_guard lock(core_->mutex);
        core_->stopping = true;
        core_->changed.notify_all();
    }
    if (core_->thread.joinable()) core_->thread.join();
}

Result<void> Preprocessor::wait_until_idle() {
    std::unique_lock lock(core_->mutex);
    core_->changed.wait(lock, [&] {
        return core_->stopping || core_->idle ||
               (core_->failed && core_->failed->code == ErrorCode::NoSpace);
    });
    if (core_->failed && !core_->idle) return tl::unexpected(*core_->failed);
    if (!core_->idle) return fail(ErrorCode::Unavailable, "preprocessing was stopped");
    return {};
}

Result<PreparedInstance> Preprocessor::prepare_now(
    const objects::ObjectLocation& instance) const {
    return prepare_stored(core_->services.store, instance);
}

}  // namespace larmor::preprocess
