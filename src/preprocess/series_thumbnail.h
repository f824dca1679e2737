#pragma once
#include <optional>

#include "catalog/catalog.h"
#include "db/database.h"
#include "objects/object_store.h"

namespace larmor::preprocess {

/// A thumbnail that is staged, and what it was made of.
struct StagedThumbnail {
    catalog::ImageSetRow image_set{};
    std::int64_t version = 0;
    objects::StagedObject object;
};

/// Makes the thumbnail of a series, that of its middle instance. Blocks. Nothing for a series
/// without any picture, one that was deleted, and a conflict. Errors: NotFound (removed for
/// good meanwhile); those of the database and of the store.
Result<std::optional<StagedThumbnail>> stage_series_thumbnail(db::Database& database,
                                                              objects::ObjectStore& store,
                                                              const catalog::Catalog& catalog,
                                                              catalog::ImageSetRow image_set);

/// Puts it in place of an older one. Errors: those of the store and of the database.
Result<void> record_series_thumbnail(db::Transaction& tx, objects::ObjectStore& store,
                                     catalog::Catalog& catalog,
                                     const StagedThumbnail& thumbnail);

}  // namespace larmor::preprocess
