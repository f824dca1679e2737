#pragma once
#include <optional>
#include <vector>

#include "catalog/catalog.h"
#include "db/database.h"
#include "edits/change.h"
#include "objects/object_store.h"
#include "preprocess/stored_metadata.h"

namespace larmor::healthimaging {

/// An instance and where what is said of it can be read.
struct ListedInstance {
    catalog::StoredInstance instance;
    preprocess::StoredMetadata metadata;
    edits::Changes changes;  ///< as of the version
    objects::ObjectLocation file;
    std::optional<objects::ObjectLocation> frames;  ///< nothing: not made yet
};

/// The instances of one version of an image set, a page at a time, in the order in which they
/// came; holds no snapshot between pages. All must outlive it.
class InstancePages {
public:
    static constexpr std::size_t kPageInstances = 32;

    InstancePages(db::Database& database, objects::ObjectStore& store,
                  const catalog::Catalog& catalog, catalog::ImageSetRow image_set,
                  std::int64_t version)
        : database_(database),
          store_(store),
          catalog_(catalog),
          image_set_(image_set),
          version_(version) {}

    /// Empty at the end. Blocks. Errors: those of database and store.
    Result<std::vector<ListedInstance>> next();

private:
    Result<std::vector<ListedInstance>> read_page(db::Snapshot& snapshot);
    Result<ListedInstance> locate(db::Snapshot& snapshot, catalog::StoredInstance instance,
                                  const catalog::ImageSetEdits& edits) const;

    db::Database& database_;
    objects::ObjectStore& store_;
    const catalog::Catalog& catalog_;
    catalog::ImageSetRow image_set_;
    std::int64_t version_;
    catalog::InstanceRow after_{};
    bool done_ = false;
};

}  // namespace larmor::healthimaging
