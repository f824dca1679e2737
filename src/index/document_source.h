#pragma once
#include <string_view>

#include "catalog/catalog.h"
#include "db/database.h"
#include "index/document.h"
#include "objects/object_store.h"

namespace larmor::index {

/// Reads what targets index from the catalog and the stored metadata. Safe from any thread;
/// calls block. All must outlive it.
class DocumentSource {
public:
    DocumentSource(db::Database& database, objects::ObjectStore& store,
                   const catalog::Catalog& catalog)
        : database_(database), store_(store), catalog_(catalog) {}

    /// The image set as it is now. One that is gone for good is `is_deleted`, with `version` as
    /// it was asked for. What patient, study and series have in their rows is taken from there,
    /// all else from the first instance of their first primary image set, so that every image
    /// set that shares them says the same.
    /// Errors: Unavailable where it changes all the time; those of database and store;
    /// LimitExceeded (metadata of an instance that is too large to read).
    Result<ImageSetDocument> load(std::string_view image_set_id, std::int64_t version,
                                  const Wanted& wanted) const;

private:
    class Loading;
    Result<ImageSetDocument> gone(std::string_view image_set_id, std::int64_t version,
                                  const Wanted& wanted) const;

    db::Database& database_;
    objects::ObjectStore& store_;
    const catalog::Catalog& catalog_;
};

}  // namespace larmor::index
