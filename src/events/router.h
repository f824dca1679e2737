#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"
#include "events/event_log.h"
#include "events/rule_set.h"
#include "events/rules.h"

namespace larmor::events {

/// An event on its way to a target.
struct RoutedMessage {
    std::string_view rule;      ///< that sends it; empty for a replay
    std::string_view event_id;  ///< the same event has the same id however often it is sent
    Position position;
    std::string_view envelope;  ///< EventBridge's, JSON; what a target receives
};

/// Where messages of rules go: the durable queue implements it. Of the writer's thread.
class MessageSink {
public:
    virtual ~MessageSink() = default;
    /// Sends in the caller's transaction: what is rolled back with it was never sent, what
    /// commits is. The messages are in the order of their events. An error fails the whole
    /// group of writes, and with it changes of patients' data: a target that is gone is no
    /// error here, but messages with nobody to read them.
    virtual Result<void> send(db::Transaction& tx, const Target& target,
                              std::span<const RoutedMessage> messages) = 0;
};

/// Sends numbered events to the targets of the rules that match them, in the transaction that
/// numbers them. Which rules there are is asked in that same transaction, so that no event
/// meets rules that a commit before it has changed. Of the writer's thread.
class Router {
public:
    /// `sink` must outlive the router. Errors: as Database::read; Corrupt where a stored
    /// pattern can't be read.
    static Result<std::unique_ptr<Router>> open(db::Database& database, MessageSink& sink,
                                                Source source = {});
    ~Router();

    /// Routes what this group of writes appended, before each commit; where numbers come behind
    /// the commits, what got its number, and starts the numbering. Call it after all that
    /// appends events before_commit, once; `database` must end before the router and `log`.
    void attach(db::Database& database, EventLog& log);

    /// Sends all events behind `sequence` to the targets of matching rules; gives the number of
    /// messages. Errors: those of the sink and of the database; Corrupt.
    Result<std::size_t> route(db::Transaction& tx, std::int64_t sequence);

private:
    struct Compiled;
    Router(MessageSink& sink, Source source);
    static Result<std::unique_ptr<const Compiled>> compile(db::Snapshot& snapshot);
    Result<void> refresh(db::Transaction& tx);
    Result<std::size_t> route_page(db::Transaction& tx, std::span<const StoredEvent> events);

    MessageSink& sink_;
    const Source source_;
    std::shared_ptr<const Compiled> compiled_;
    EventMatcher matcher_;
};

}  // namespace larmor::events
