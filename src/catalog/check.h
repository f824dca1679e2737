#pragma once
#include "db/check.h"

namespace larmor::catalog {

/// Image sets, series, studies and instances among each other, and their counts.
Result<void> check_rows(db::Check& check);
/// Deletions and the image sets that they name.
Result<void> check_deletions(db::Check& check);
/// Documents of edits and the image sets that they are of.
Result<void> check_edits(db::Check& check);
/// Every row that points at an object finds its row, every object is pointed at, and those with
/// more than one owner are counted. Memory: a bit an object, up to 16 MiB, and some 50 bytes
/// for each that is shared.
Result<void> check_pointers(db::Check& check);

/// All instances, of every image set.
Result<std::uint64_t> count_instances(db::Snapshot& snapshot);

/// Makes the counts of image sets, studies and shared objects anew. No catalog may be open.
Result<void> repair_counts(db::Transaction& tx);

}  // namespace larmor::catalog
