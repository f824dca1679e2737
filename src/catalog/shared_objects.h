#pragma once
#include <cstdint>

#include "catalog/deletion.h"
#include "db/transaction.h"

namespace larmor::catalog {

/// Rows of `instances` behind `after` in one image set.
struct NewRows {
    std::int64_t image_set = 0;
    std::int64_t after = 0;
};

/// Counts what these rows point at, as copies do, once more: originals, other encodings, and
/// what was prepared.
Result<void> share_objects(db::Transaction& tx, const NewRows& rows);

/// For a row that goes: removes its object, unless another one points at it.
Result<void> let_go_of(db::Transaction& tx, objects::ObjectId object,
                       const RemoveObject& remove);

/// Counts all owners anew. Takes a while: it sorts everything that is pointed at.
Result<void> count_owners(db::Transaction& tx);

}  // namespace larmor::catalog
