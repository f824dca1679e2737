#pragma once
#include <cstdint>
#include <utility>
#include <vector>

#include "db/transaction.h"
#include "edits/change.h"

namespace larmor::catalog {

/// Edits go where instances go. Each does nothing where nothing was edited.

/// For a new image set to which instances of another were moved: what was edited in them holds
/// from its first version on.
Result<void> set_edits_apart(db::Transaction& tx, std::int64_t from, std::int64_t apart);

/// For instances that will be moved into another image set and come there with `version`: what
/// was edited in them, and is not edited in all its instances anyway, becomes their own.
Result<void> take_edits_over(db::Transaction& tx, std::int64_t from, std::int64_t into,
                             std::int64_t version, const std::vector<std::int64_t>& instances);

/// Rows of instances: which one is a copy of which.
using CopyPairs = std::vector<std::pair<std::int64_t, std::int64_t>>;  ///< from, into

/// For a new image set of copies: what was edited in those that they were made of holds from
/// its first version on; `more` is made in all of them.
Result<void> copy_edits(db::Transaction& tx, std::int64_t from, std::int64_t copy,
                        const CopyPairs& pairs, const edits::Changes& more);
/// For copies that come into another image set with `version`: as take_edits_over, and `more`.
Result<void> copy_edits_into(db::Transaction& tx, std::int64_t from, std::int64_t into,
                             std::int64_t version, const CopyPairs& pairs,
                             const edits::Changes& more);

/// For a new primary image set: patient and study are as they were edited in the others of its
/// study.
Result<void> inherit_study_edits(db::Transaction& tx, std::int64_t study,
                                 std::int64_t image_set);

}  // namespace larmor::catalog
