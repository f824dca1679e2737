#pragma once
#include <cstdint>
#include <functional>
#include <memory>

#include "admission/admission.h"
#include "async/worker_pool.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "ingest/destination.h"
#include "objects/object_store.h"

namespace larmor::ingest {

/// The one durable way in: bytes become an object, then rows and an event in one transaction,
/// then the result. When an outcome other than Rejected is there, the bytes and everything that
/// the catalog says of them have been synced. Concurrent imports share their syncs: start many.
/// What needs room is refused with NoSpace below the low-water mark of the disk and read-only;
/// duplicates need none. Safe from any thread; must outlive its tasks.
class Importer final : public Destination {
public:
    struct Services {
        db::Database& database;
        objects::ObjectStore& store;
        catalog::Catalog& catalog;
        async::WorkerPool& pool;
        admission::Admission& admission;
    };
    struct Limits {
        std::uint64_t instance_max_bytes = 1ULL << 40;
    };

    explicit Importer(Services services);
    Importer(Services services, Limits limits);
    ~Importer() override;

    async::Task<ImportResult> import_bytes(Bytes bytes, ImportOptions options = {}) override;
    std::unique_ptr<ImportStream> begin(ImportOptions options = {}) override;

private:
    class Stream;
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace larmor::ingest
