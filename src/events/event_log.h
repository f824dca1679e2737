#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "db/database.h"
#include "db/migration.h"

namespace larmor::events {

/// The tables of the event log.
db::MigrationSet migrations();

/// Where an event stands in the log. Ever rising: a restore from a backup starts a new epoch.
struct Position {
    std::int64_t epoch = 0;
    std::int64_t sequence = 0;
    friend auto operator<=>(const Position&, const Position&) = default;
};

/// What happened, in the terms of the EventBridge envelope; id, time and position are added by
/// `append`. Never carries metadata of patients: consumers fetch what they may see.
struct Event {
    std::string_view detail_type;      ///< `Image Set Created`
    std::string_view detail;           ///< a JSON object
    std::string_view resource;         ///< one ARN, for `resources`
    std::string_view subject_id = {};  ///< the image set (or other thing) that it is about
    std::string_view source = {};      ///< who says so; empty: this library
};

struct StoredEvent {
    Position position;
    std::string id;  ///< UUID
    Time time;
    std::string detail_type;
    std::string detail;
    std::string resource;
    std::string subject_id;
    std::string source{};  ///< as in Event
};

/// How this installation names itself in envelopes.
struct Source {
    std::string source = "aws.medical-imaging";  ///< so that rules written for AWS match
    std::string account = "000000000000";
    std::string region = "local";
};

/// The envelope that rules match and targets receive: EventBridge's, version 0.
std::string to_envelope(const StoredEvent& event, const Source& source);

/// The ARN of an image set: arn:aws:medical-imaging:REGION:ACCOUNT:datastore/ID/imageset/ID.
std::string image_set_arn(const Source& source, std::string_view datastore_id,
                          std::string_view image_set_id);

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

    /// Removes whole days before `day` (20260102); the numbers are never given again.
    static Result<std::int64_t> drop_days_before(db::Transaction& tx, std::int64_t day);

    /// After a restore from a backup: events that were given out since then are void.
    Result<Position> begin_epoch(db::Transaction& tx);

private:
    EventLog(db::Database& database, const Clock& clock, Position last);
    Result<void> append_unnumbered(db::Transaction& tx, const Event& event);

    const Clock& clock_;
    std::unique_ptr<Sequencer> sequencer_;  ///< where the writer does not number
    Position next_;                         ///< the last that was given, on the writer's thread
    std::int64_t day_ = 0;  ///< the last day with a row in event_days, on the writer's thread
    mutable std::mutex mutex_;
    Position committed_;
};

/// The epoch of a log that is not open. Errors: Corrupt.
Result<std::int64_t> read_epoch(db::Snapshot& snapshot);

}  // namespace larmor::events
