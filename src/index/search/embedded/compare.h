#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/transaction.h"
#include "index/target.h"

namespace larmor::index::search::embedded {

/// UIDs of studies that it has, behind `after`, rising by bytes.
Result<std::vector<std::string>> list_studies(db::Snapshot& snapshot, std::string_view after,
                                              std::size_t limit);

/// Compares the rows of these studies, as SQLite has them at one moment, with those that their
/// documents make: whole rows and no digests, since the store is in this process. What belongs
/// to no study is counted where that is asked for, but for what `check_words` says.
Result<std::vector<Drift>> compare(db::Snapshot& snapshot,
                                   std::span<const StudyDocuments> studies);

/// Whether words are found where the rows of `words` have them, and nowhere else: FTS5 compares
/// its index with its rows, which holds up who writes for so long.
Result<bool> check_words(db::Transaction& tx);

/// Makes everything of the study as its documents say. Older, and nothing done: a row is of a
/// later document. Of what belongs to no study, all goes; words that are not found where they
/// are, are found again.
Result<Target::Applied> repair(db::Transaction& tx, const StudyDocuments& study);

}  // namespace larmor::index::search::embedded
