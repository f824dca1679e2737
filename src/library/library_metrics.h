#pragma once
#include <vector>

#include "db/database.h"
#include "observe/metrics.h"

namespace larmor {

/// What `/metrics` says of the one writer, for as long as the registrations live: groups and
/// requests committed and failed, the queue, the mean group, read-only mode.
std::vector<observe::Registry::Callback> register_writer_metrics(const db::Database& database);

}  // namespace larmor
