#pragma once
#include "index/mysql/connection.h"
#include "index/mysql/tables.h"
#include "index/target.h"

namespace larmor::index::mysql {

/// Writes the document in the transaction that is open. Rows are locked in one order: image
/// set, patient, study, series, instances. Errors: those of Connection.
Result<Target::Applied> write_document(Connection& connection, const Tables& tables,
                                       const ImageSetDocument& document);

/// Removes a patient without any study, and its issuer where it was the last one of it.
Result<void> drop_unused_patient(Connection& connection, std::int64_t patient);

}  // namespace larmor::index::mysql
