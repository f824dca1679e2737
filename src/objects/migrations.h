#pragma once
#include "db/migration.h"

namespace larmor::objects {
/// The tables of objects, segments and intents.
db::MigrationSet migrations();
}  // namespace larmor::objects
