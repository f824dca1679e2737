#include "db/database.h"

namespace larmor::db {

// The key functions of the interfaces: their tables are made here once, not in every file.
static_assert(std::is_abstract_v<Database> && std::is_abstract_v<Transaction>);

}  // namespace larmor::db
