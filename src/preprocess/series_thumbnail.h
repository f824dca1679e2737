#pragma once
#include <set>

#include "catalog/catalog.h"
#include "db/database.h"
#include "objects/object_store.h"

namespace larmor::preprocess {

/// Gives each series that was touched the thumbnail of its middle instance. Collected over a
/// run and made at its end, so that a series that arrives instance by instance is not done anew
/// for each.
class SeriesThumbnails {
public:
    SeriesThumbnails(db::Database& database, objects::ObjectStore& store,
                     catalog::Catalog& catalog)
        : database_(database), store_(store), catalog_(catalog) {}

    void touch(const catalog::StoredInstance& instance) { touched_.insert(instance.image_set); }

    /// Blocks. Makes what is missing or older than its image set; a series without any picture
    /// gets none. Errors: those of the database and of the store.
    Result<void> make();

private:
    Result<void> make_one(catalog::ImageSetRow image_set);

    db::Database& database_;
    objects::ObjectStore& store_;
    catalog::Catalog& catalog_;
    std::set<catalog::ImageSetRow> touched_;
};

}  // namespace larmor::preprocess
