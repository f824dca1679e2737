#pragma once
#include <memory>
#include <string>
#include <vector>

#include "db/migration.h"
#include "queue/queue.h"

namespace larmor::queue {

/// The tables of the queues.
db::MigrationSet migrations();

/// The queues of one library; their settings are rows of it. Safe from any thread; calls
/// without a transaction block and are not for the writer's thread. A queue object lives as
/// long as this one, which must outlive everything that uses it.
class Queues {
public:
    virtual ~Queues() = default;

    /// Makes a queue; gives the one of this name where there is one already, as it is.
    /// Errors: InvalidInput (a name is 1 to 80 of `a-z 0-9 . _ -`; settings out of bounds),
    /// Conflict when one of the name exists and is FIFO where this is not, or the other way.
    virtual Result<Queue*> create(const std::string& name, const QueueSettings& settings) = 0;
    /// Errors: NotFound.
    virtual Result<Queue*> open(const std::string& name) = 0;
    /// The same as the transaction sees it, on the writer's thread; null where there is none.
    virtual Result<Queue*> find(db::Transaction& tx, const std::string& name) = 0;
    /// Changes the settings; calls that begin later see them. Errors: NotFound, InvalidInput,
    /// Conflict for another `fifo`.
    virtual Result<void> update(const std::string& name, const QueueSettings& settings) = 0;
    /// All, by name.
    virtual Result<std::vector<Queue*>> list() = 0;
};

}  // namespace larmor::queue
