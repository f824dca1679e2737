#pragma once
#include <optional>
#include <vector>

#include "catalog/catalog.h"
#include "db/transaction.h"
#include "objects/object_store.h"
#include "preprocess/prepare.h"

namespace larmor::preprocess {

/// What was made of some instances on its way into the library.
class StagedBatch {
public:
    /// Stages what was made of `batch` (results in the same order): all small objects with one
    /// sync. Where the stored bytes could not be read for a passing reason (Unavailable), all
    /// of it fails. Blocks. Errors: those of the store.
    static Result<StagedBatch> stage(objects::ObjectStore& store,
                                     std::vector<catalog::StoredInstance> batch,
                                     std::vector<Result<PreparedInstance>> results);

    /// Records all of it; an instance that could not be prepared is marked with the reason.
    /// Can be called again after a rollback. Errors: those of the store and of the database.
    Result<void> record(db::Transaction& tx, objects::ObjectStore& store,
                        catalog::Catalog& catalog) const;
    const std::vector<catalog::StoredInstance>& instances() const { return batch_; }

    /// The objects of one instance: places in the list of staged objects, or nothing.
    struct Slots {
        std::optional<std::size_t> metadata;
        std::optional<std::size_t> frame_index;
        std::optional<std::size_t> thumbnail;
    };

private:
    std::vector<catalog::StoredInstance> batch_;
    std::vector<Result<PreparedInstance>> results_;
    std::vector<Slots> slots_;
    std::vector<objects::StagedObject> staged_;
};

}  // namespace larmor::preprocess
