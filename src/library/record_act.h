#pragma once
#include <filesystem>

#include "audit/record.h"
#include "base/result.h"

namespace larmor {

/// Puts an act of the command line on record in the trail of a library that nobody has open.
/// Durable when it returns. Errors: NotFound where there is no library; Conflict where somebody
/// has it open, and with it the trail (names the pid); those of the trail.
Result<void> record_act(const std::filesystem::path& folder, audit::Entry entry);

}  // namespace larmor
