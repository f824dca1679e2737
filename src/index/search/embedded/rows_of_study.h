#pragma once
#include <string>
#include <vector>

#include "db/transaction.h"
#include "index/rows_by_key.h"
#include "index/search/set_row.h"
#include "index/target.h"

namespace larmor::index::search::embedded {

/// The rows of a study in each table; what a row says as one text.
struct RowsOfStudy {
    RowsByKey image_sets;
    RowsByKey studies;
    RowsByKey instances;
    RowsByKey kinds;  ///< of instances, by their image set
    RowsByKey words;
};

/// Numbers of the image sets that the study has and of those that it should have, rising.
Result<std::vector<std::int64_t>> image_sets_of(db::Snapshot& snapshot,
                                                const StudyDocuments& study);

/// What SQLite has of a study. A row that says to be of later than `study.newest` says that
/// too, which none should: nothing would go over it any more.
Result<RowsOfStudy> read_rows(db::Snapshot& snapshot, const StudyDocuments& study);

/// What it should have.
RowsOfStudy make_rows(const StudyDocuments& study);

}  // namespace larmor::index::search::embedded
