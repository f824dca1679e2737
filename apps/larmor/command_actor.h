#pragma once
#include "audit/record.h"

namespace larmor {

/// Who runs this command, for the audit trail: the user of this machine.
audit::Actor command_actor();

}  // namespace larmor
