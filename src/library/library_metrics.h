#pragma once
#include <vector>

#include "admission/admission.h"
#include "db/database.h"
#include "observe/metrics.h"

namespace larmor {

/// What `/metrics` says for as long as the registrations live: of the one writer groups and
/// requests committed and failed, the queue, the mean group; of the disk what is free and what
/// is kept in reserve; read-only mode.
std::vector<observe::Registry::Callback> register_library_metrics(
    const db::Database& database, admission::Admission& admission);

}  // namespace larmor
