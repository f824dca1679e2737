#pragma once
#include "index/mysql/connection.h"
#include "index/mysql/entry.h"
#include "index/mysql/tables.h"

namespace larmor::index::mysql {

/// Writes the frames of the entries' instances that are theirs now, in place of those that were
/// there. Errors: those of Connection.
Result<void> put_frames(Connection& connection, const Tables& tables, const Entries& entries);

}  // namespace larmor::index::mysql
