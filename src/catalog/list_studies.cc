#include "catalog/catalog.h"
#include "catalog/read_rows.h"

// For those who go over all of a library in the order of its keys.

namespace larmor::catalog {

Result<std::vector<std::string>> Catalog::list_study_uids(db::Snapshot& snapshot,
                                                          std::string_view after,
                                                          std::size_t limit) const {
    TRY(db::Query query,
        snapshot.prepare("SELECT t.study_instance_uid FROM studies t"
                         " WHERE t.study_instance_uid > ?1 AND EXISTS (SELECT 1 FROM series s"
                         " JOIN image_sets m ON m.series = s.id WHERE s.study = t.id"
                         " AND m.state <> 2 AND m.latest_version > 0)"
                         " ORDER BY t.study_instance_uid LIMIT ?2"));
    query.bind(after, limit);
    std::vector<std::string> uids;
    for (;;) {
        TRY(const bool found, query.next());
        if (!found) return uids;
        uids.push_back(query.string(0));
    }
}

Result<std::vector<ImageSet>> Catalog::list_image_sets(db::Snapshot& snapshot,
                                                       std::string_view study_uid) const {
    static const std::string kSql =
        std::string(kSelectImageSet) +
        " WHERE m.series IN (SELECT s.id FROM studies t JOIN series s ON s.study = t.id"
        " WHERE t.study_instance_uid = ?1) AND m.state <> 2 AND m.latest_version > 0"
        " ORDER BY m.id";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(study_uid);
    std::vector<ImageSet> sets;
    for (;;) {
        TRY(const bool found, query.next());
        if (!found) return sets;
        sets.push_back(read_image_set(query));
    }
}

}  // namespace larmor::catalog
