#pragma once
#include <filesystem>
#include <functional>

#include "db/transaction.h"

namespace larmor::db::sqlite {

/// Copies the library file `from` as it is at one moment, also while another process writes to
/// it: that process neither waits nor fails. `to` must not be there; it becomes durable, and
/// has no write-ahead log. Errors: Corrupt, NoSpace, Unavailable.
Result<void> copy_database(const std::filesystem::path& from, const std::filesystem::path& to);

/// Reads a file that copy_database made. It is opened, and left, as it is.
Result<void> read_copy(const std::filesystem::path& copy,
                       const std::function<Result<void>(Snapshot&)>& f);

}  // namespace larmor::db::sqlite
