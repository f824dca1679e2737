#pragma once
#include <span>

#include "index/mysql/connection.h"
#include "index/mysql/tables.h"
#include "index/target.h"

namespace larmor::index::mysql {

/// Writes the documents in the transaction that is open, with statements for all of them: what
/// is wrong with one of them fails all. Rows are locked in one order: image sets, patients,
/// studies, series, instances, each in the order of their keys. Gives what became of each.
/// Errors: those of Connection.
Result<std::vector<Target::Applied>> write_documents(
    Connection& connection, const Tables& tables,
    std::span<const ImageSetDocument* const> documents);

}  // namespace larmor::index::mysql
