#pragma once
#include "db/check.h"

namespace larmor::events {

/// The numbers of events rise without gaps, and their epochs in order.
Result<void> check_log(db::Check& check);

}  // namespace larmor::events
