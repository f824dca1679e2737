#pragma once
#include <memory>
#include <string>

#include "db/database.h"
#include "queue/queues.h"

namespace larmor {

/// The queues of a library, by the driver of its database, which must outlive their use. `url`
/// is that of PostgreSQL, empty for a file. Those that the program itself sends to are made
/// where missing. Errors: those of the driver.
Result<std::unique_ptr<queue::Queues>> open_queues(db::Database& database,
                                                   const std::string& url, const Clock& clock);

}  // namespace larmor
