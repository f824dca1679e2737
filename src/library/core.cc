#include "library/core.h"

#include "events/router.h"
#include "library/library_metrics.h"
#include "library/open_database.h"
#include "library/open_queues.h"
#include "library/open_store.h"
#include "preprocess/arrivals.h"
#include "preprocess/requests.h"

namespace larmor {

/// Members are made from top to bottom and end from bottom to top: each stands on those above
/// it.
struct Core::Parts {
    std::unique_ptr<admission::Admission> admission;
    events::EventBell event_bell;
    preprocess::Arrivals arrivals;
    // Before the database: its last writes go through them.
    std::unique_ptr<queue::Queues> queues;
    std::unique_ptr<routing::QueueSink> sink;
    std::unique_ptr<events::Router> router;
    std::unique_ptr<db::Database> database;
    std::unique_ptr<objects::ObjectStore> store;
    std::unique_ptr<events::EventLog> events;
    std::unique_ptr<catalog::Catalog> catalog;
    std::unique_ptr<async::WorkerPool> pool;
    workers::RunGate run_gate;
    std::unique_ptr<workers::Preprocessor> preprocessor;
    std::vector<observe::Registry::Callback> metrics;
};

namespace {

std::unique_ptr<admission::Admission> make_admission(const LibraryOptions& options) {
    admission::Options admission;
    admission.read_disk =
        options.read_disk ? options.read_disk : admission::disk_of(options.folder);
    admission.reserve_bytes = options.disk_reserve_bytes;
    if (options.read_disk) admission.reading_max_age = {};
    auto made = std::make_unique<admission::Admission>(std::move(admission));
    if (options.read_only) {
        made->set_read_only({admission::Cause::Switch, "--read-only was given"});
    }
    return made;
}

}  // namespace

Result<std::unique_ptr<Core>> Core::open(const LibraryOptions& options) {
    auto parts = std::make_unique<Parts>();
    parts->admission = make_admission(options);
    auto& admission = *parts->admission;
    const auto stop_writing = [&admission](const Error& error) {
        admission.set_read_only({admission::Cause::Failure,
                                 "a write to the disk failed (" + error.message +
                                     "), so nobody knows what it holds; reads go on until "
                                     "somebody looked at it and started again"});
    };
    StoreOptions store;
    if (options.role == ProcessRole::Worker) {
        TRY(auto worker, open_worker_database(options.folder, options.database));
        parts->database = std::move(worker.database);
        store.writer = std::move(worker.name);
    } else {
        TRY(parts->database,
            open_database(options.folder, {.url = options.database,
                                           .on_write_failure = stop_writing,
                                           .fail_syncs = options.fail_row_syncs}));
    }
    store.spare_bytes = [&admission] { return admission.spare_bytes(); };
    store.on_write_failure = stop_writing;
    TRY(parts->store, open_store(*parts->database, options, std::move(store)));
    TRY(parts->events, events::EventLog::open(*parts->database, *options.clock));
    TRY(parts->queues, open_queues(*parts->database, options.database, *options.clock));
    TRY(auto* const preprocess_queue, parts->queues->open(preprocess::kPreprocessQueue));
    catalog::CatalogOptions catalog_options;
    catalog_options.clock = options.clock;
    catalog_options.before_commit_of = [preprocess_queue, &arrivals = parts->arrivals](
                                           auto& tx, auto rows) {
        arrivals.note();
        return preprocess::request_instances(tx, *preprocess_queue, rows);
    };
    TRY(parts->catalog,
        catalog::Catalog::open(*parts->database, *parts->events, std::move(catalog_options)));
    parts->sink = std::make_unique<routing::QueueSink>(*parts->queues);
    TRY(parts->router, events::Router::open(*parts->database, *parts->sink));
    // After the catalog: it makes its events before the commit too.
    parts->router->attach(*parts->database, *parts->events);
    parts->event_bell.attach(*parts->database, *parts->events);

    async::WorkerPool::Options pool;
    pool.threads = options.threads;
    pool.readers_threads = 1;
    pool.background_threads = options.background_threads;
    parts->pool = std::make_unique<async::WorkerPool>(std::move(pool));
    parts->preprocessor =
        std::make_unique<workers::Preprocessor>(workers::Preprocessor::Services{
            {*parts->database, *parts->store, *parts->catalog, *parts->pool, *preprocess_queue},
            admission,
            parts->run_gate,
            parts->arrivals});
    parts->metrics = register_library_metrics(*parts->database, admission);
    return std::unique_ptr<Core>(new Core(std::move(parts)));
}

Core::Core(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Core::~Core() = default;

db::Database& Core::database() {
    return *parts_->database;
}
objects::ObjectStore& Core::store() {
    return *parts_->store;
}
events::EventLog& Core::events() {
    return *parts_->events;
}
events::EventBell& Core::event_bell() {
    return parts_->event_bell;
}
queue::Queues& Core::queues() {
    return *parts_->queues;
}
routing::QueueSink& Core::sink() {
    return *parts_->sink;
}
catalog::Catalog& Core::catalog() {
    return *parts_->catalog;
}
async::WorkerPool& Core::pool() {
    return *parts_->pool;
}
admission::Admission& Core::admission() {
    return *parts_->admission;
}
workers::Preprocessor& Core::preprocessor() {
    return *parts_->preprocessor;
}
workers::RunGate& Core::run_gate() {
    return parts_->run_gate;
}

}  // namespace larmor
