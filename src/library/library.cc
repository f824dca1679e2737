#include "library/library.h"

#include "events/router.h"
#include "library/library_metrics.h"
#include "library/open_database.h"
#include "library/open_queues.h"
#include "objects/local/local_store.h"
#include "preprocess/requests.h"
#include "routing/queue_sink.h"

namespace larmor {

/// Members are made from top to bottom and end from bottom to top: each stands on those above
/// it.
struct Library::Parts {
    std::unique_ptr<admission::Admission> admission;
    events::EventBell event_bell;
    // Before the database: its last writes go through them.
    std::unique_ptr<queue::Queues> queues;
    std::unique_ptr<routing::QueueSink> sink;
    std::unique_ptr<events::Router> router;
    std::unique_ptr<db::Database> database;
    std::unique_ptr<objects::ObjectStore> store;
    std::unique_ptr<events::EventLog> events;
    std::unique_ptr<catalog::Catalog> catalog;
    std::unique_ptr<auth::Credentials> credentials;
    std::unique_ptr<audit::Log> audit;
    std::unique_ptr<async::WorkerPool> pool;
    workers::RunGate run_gate;
    std::unique_ptr<workers::Preprocessor> preprocessor;
    std::unique_ptr<ingest::Importer> importer;
    std::unique_ptr<retention::Purger> purger;
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

Result<std::unique_ptr<Library>> Library::open(LibraryOptions options) {
    auto parts = std::make_unique<Parts>();
    parts->admission = make_admission(options);
    auto& admission = *parts->admission;
    const auto stop_writing = [&admission](const Error& error) {
        admission.set_read_only({admission::Cause::Failure,
                                 "a write to the disk failed (" + error.message +
                                     "), so nobody knows what it holds; reads go on until "
                                     "somebody looked at it and started again"});
    };
    TRY(parts->database, open_database(options.folder, {.url = options.database,
                                                        .on_write_failure = stop_writing,
                                                        .fail_syncs = options.fail_row_syncs}));

    objects::local::LocalStoreOptions store;
    store.directory = options.folder / "objects";
    store.clock = options.clock;
    store.spare_bytes = [&admission] { return admission.spare_bytes(); };
    store.on_write_failure = stop_writing;
    store.fail_syncs = options.fail_object_syncs;
    TRY(parts->store, objects::local::open_local_store(*parts->database, std::move(store)));
    TRY(parts->events, events::EventLog::open(*parts->database, *options.clock));
    TRY(parts->queues, open_queues(*parts->database, *options.clock));
    TRY(auto* const preprocess_queue, parts->queues->open(preprocess::kPreprocessQueue));
    catalog::CatalogOptions catalog_options;
    catalog_options.clock = options.clock;
    catalog_options.before_commit_of = [preprocess_queue](auto& tx, auto rows) {
        return preprocess::request_instances(tx, *preprocess_queue, rows);
    };
    TRY(parts->catalog,
        catalog::Catalog::open(*parts->database, *parts->events, std::move(catalog_options)));
    parts->sink = std::make_unique<routing::QueueSink>(*parts->queues);
    TRY(parts->router, events::Router::open(*parts->database, *parts->sink));
    // After the catalog: it makes its events before the commit too.
    parts->router->attach(*parts->database, *parts->events);
    parts->event_bell.attach(*parts->database, *parts->events);
    TRY(parts->credentials, auth::Credentials::open(*parts->database, *options.clock));
    audit::LogOptions audit;
    audit.trail.folder = options.folder / "audit";
    audit.clock = options.clock;
    TRY(parts->audit, audit::Log::open(std::move(audit)));

    async::WorkerPool::Options pool;
    pool.threads = options.threads;
    pool.readers_threads = 1;
    pool.background_threads = options.background_threads;
    parts->pool = std::make_unique<async::WorkerPool>(std::move(pool));
    parts->preprocessor =
        std::make_unique<workers::Preprocessor>(workers::Preprocessor::Services{
            {*parts->database, *parts->store, *parts->catalog, *parts->pool, *preprocess_queue},
            admission,
            parts->run_gate});
    parts->importer = std::make_unique<ingest::Importer>(ingest::Importer::Services{
        *parts->database, *parts->store, *parts->catalog, *parts->pool, admission});
    retention::Purger::Options purger;
    purger.clock = options.clock;
    parts->purger = std::make_unique<retention::Purger>(
        retention::Purger::Services{*parts->database, *parts->store, *parts->catalog,
                                    *parts->audit, admission},
        std::move(purger));
    parts->metrics = register_library_metrics(*parts->database, admission);
    return std::unique_ptr<Library>(new Library(std::move(parts)));
}

Library::Library(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Library::~Library() = default;

db::Database& Library::database() {
    return *parts_->database;
}
objects::ObjectStore& Library::store() {
    return *parts_->store;
}
events::EventLog& Library::events() {
    return *parts_->events;
}
events::EventBell& Library::event_bell() {
    return parts_->event_bell;
}
queue::Queues& Library::queues() {
    return *parts_->queues;
}
routing::QueueSink& Library::sink() {
    return *parts_->sink;
}
catalog::Catalog& Library::catalog() {
    return *parts_->catalog;
}
admission::Admission& Library::admission() {
    return *parts_->admission;
}
async::WorkerPool& Library::pool() {
    return *parts_->pool;
}
auth::Credentials& Library::credentials() {
    return *parts_->credentials;
}
audit::Log& Library::audit() {
    return *parts_->audit;
}
ingest::Importer& Library::importer() {
    return *parts_->importer;
}
workers::Preprocessor& Library::preprocessor() {
    return *parts_->preprocessor;
}
workers::RunGate& Library::run_gate() {
    return parts_->run_gate;
}
retention::Purger& Library::purger() {
    return *parts_->purger;
}

}  // namespace larmor
