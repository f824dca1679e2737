#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "db/database.h"
#include "db/migration.h"
#include "events/event.h"
#include "events/event_tables.h"

namespace larmor::events {

/// The tables of the event log.
db::MigrationSet migrations();

class Sequencer;

/// The log of all changes: appended in the transaction of the change itself, and numbered so
/// that no reader can see a number before a smaller one that comes later: by the one writer, or
/// on PostgreSQL, where there are many, by one sequencer behind them. Safe from any thread,
/// `append` and `begin_epoch` on the writer's.
class EventLog {
public:
    /// Reads the last position. Errors: as Database::read. `database` must outlive the log.
    static Result<std::unique_ptr<EventLog>> open(db::Database& database,
                                                  const Clock& clock = system_clock());

    /// Once, where numbers come behind the commits: begins to give them. Does nothing where the
    /// writer gives them. `numbered` is called in the transaction that gives numbers, with the
    /// last number before them; on the writer's thread.
    using Numbered = std::function<Result<void>(db::Transaction&, std::int64_t before)>;
    void start_numbering(Numbered numbered = {});

    /// Adds the event to the caller's transaction and gives it the next number. A number of a
    /// transaction that rolled back is used again: nobody saw it. On PostgreSQL the number
    /// comes after the commit (see Sequencer), and sequence 0 is given; the caller has locked
    /// the subject.
    Result<Position> append(db::Transaction& tx, const Event& event);

    ~EventLog();

    /// At most `limit` events behind `sequence`, in order.
    static Result<std::vector<StoredEvent>> read_after(db::Snapshot& snapshot,
                                                       std::int64_t sequence,
                                                       std::size_t limit);

    /// The last number that a committed transaction got; on PostgreSQL, as far as this process
    /// has seen.
    Position last() const;

    /// Returns when everything that was committed before has its number. Blocks, where numbers
    /// come later; for after start_numbering. Errors: those of Database::write.
    Result<void> number_committed();

    struct Dropped {
        std::int64_t events = 0;
        bool is_done = false;  ///< nothing older than the day is left
    };
    /// Drops the oldest table of the log where it was begun before `day` (20260102), with what
    /// the inbox remembers of its events. A number is never given again.
    Result<Dropped> drop_oldest(db::Transaction& tx, std::int64_t day);

    /// After a restore from a backup: events that were given out since then are void.
    Result<Position> begin_epoch(db::Transaction& tx);

private:
    EventLog(db::Database& database, const Clock& clock, Position last);
    Result<void> append_unnumbered(db::Transaction& tx, const Event& event);
    Result<void> use_table_of(db::Transaction& tx, std::int64_t first_sequence,
                              std::int64_t day);

    const Clock& clock_;
    std::unique_ptr<Sequencer> sequencer_;  ///< where the writer does not number
    Position next_;                         ///< the last that was given, on the writer's thread
    std::optional<EventTable> table_;       ///< where the writer numbers: the last one
    mutable std::mutex mutex_;
    Position committed_;
};

/// The epoch of a log that is not open. Errors: Corrupt.
Result<std::int64_t> read_epoch(db::Snapshot& snapshot);

}  // namespace larmor::events
