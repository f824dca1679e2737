#pragma once
#include "index/mysql/connection.h"
#include "index/mysql/tables.h"
#include "index/target.h"

namespace larmor::index::mysql {

/// Takes all rows of the study away and writes those of its documents anew, in the transaction
/// that is open; Older, where a row is of a later document. Rows are locked in the order of
/// write_documents. Errors: those of Connection.
Result<Target::Applied> repair(Connection& connection, const Tables& tables,
                               const StudyDocuments& study);

}  // namespace larmor::index::mysql
