#pragma once
#include <span>

#include "index/mysql/connection.h"
#include "index/mysql/tables.h"
#include "index/target.h"

namespace larmor::index::mysql {

/// Compares the rows of these studies with what should be there, which is laid down in
/// temporary tables of the same types: the server makes the digests of both, by study, and
/// where they differ compares those of each row. Errors: those of Connection; Denied, where the
/// user may not make temporary tables.
Result<std::vector<Drift>> compare(Connection& connection, const Tables& tables,
                                   std::span<const StudyDocuments> studies);

/// Removes what belongs to no study and should, and writes import jobs, in the transaction that
/// is open.
Result<void> repair_rest(Connection& connection, const StudyDocuments& rest_study);

}  // namespace larmor::index::mysql
