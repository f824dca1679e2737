#pragma once
#include <cstdint>
#include <vector>

#include "db/transaction.h"

namespace larmor::catalog {

/// Edits go where instances go. Each does nothing where nothing was edited.

/// For a new image set to which instances of another were moved: what was edited in them holds
/// from its first version on.
Result<void> set_edits_apart(db::Transaction& tx, std::int64_t from, std::int64_t apart);

/// For instances that will be moved into another image set and come there with `version`: what
/// was edited in them, and is not edited in all its instances anyway, becomes their own.
Result<void> take_edits_over(db::Transaction& tx, std::int64_t from, std::int64_t into,
                             std::int64_t version, const std::vector<std::int64_t>& instances);

/// For a new primary image set: patient and study are as they were edited in the others of its
/// study.
Result<void> inherit_study_edits(db::Transaction& tx, std::int64_t study,
                                 std::int64_t image_set);

}  // namespace larmor::catalog
