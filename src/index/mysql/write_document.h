#pragma once
#include "index/mysql/connection.h"
#include "index/mysql/tables.h"
#include "index/target.h"

namespace larmor::index::mysql {

/// Writes the document in the transaction that is open. Rows are locked in one order: image
/// set, patient, study, series, instances. Errors: those of Connection.
Result<Target::Applied> write_document(Connection& connection, const Tables& tables,
                                       const ImageSetDocument& document);

}  // namespace larmor::index::mysql
