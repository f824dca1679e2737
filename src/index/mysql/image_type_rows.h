#pragma once
#include "index/mysql/connection.h"
#include "index/mysql/entry.h"
#include "index/mysql/tables.h"

namespace larmor::index::mysql {

/// Writes which values of Image Type the entries' instances have, and removes values that no
/// image set has any more. Instances are there. Errors: those of Connection.
Result<void> put_image_types(Connection& connection, const Tables& tables,
                             const Entries& entries);

/// Removes those of the values that no image set has.
Result<void> drop_unused_image_types(Connection& connection, const Rows& types);

}  // namespace larmor::index::mysql
