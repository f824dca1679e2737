#pragma once
#include "index/mysql/connection.h"
#include "index/mysql/entry.h"
#include "index/mysql/tables.h"

namespace larmor::index::mysql {

/// Writes what is the image sets' own: their rows, conflicts, labels, instances, frames and
/// image types; of those that are deleted it removes all of it. Studies, series and patients
/// are there. Errors: those of Connection.
Result<void> put_image_sets(Connection& connection, const Tables& tables, Entries& entries);

}  // namespace larmor::index::mysql
