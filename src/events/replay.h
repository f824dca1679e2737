#pragma once
#include <optional>

#include "db/transaction.h"
#include "events/event_reader.h"
#include "events/router.h"

namespace larmor::events {

/// Sends events of the log to a target again, page by page, each in a transaction of its own,
/// so that it can be stopped and go on, and holds nobody up for long.
///
///     TRY(auto replay, Replay::make(request, sink));
///     while (!replay.is_done()) {
///         TRY_VOID(database.write_and_wait([&](auto& tx) { return replay.step(tx); }));
///     }
class Replay {
public:
    struct Request {
        Target target;
        Position after;                        ///< see oldest_position, position_at
        std::int64_t last_sequence = 0;        ///< the last that is sent
        std::optional<std::string> pattern{};  ///< only what it matches
        Source source{};
    };

    /// `sink` must outlive it. Errors: those of parse_pattern.
    static Result<Replay> make(Request request, MessageSink& sink);

    /// Sends the next page. When its transaction rolls back, the same page comes again.
    /// Errors: NotFound as read_events (then the target is made anew from the catalog), and
    /// those of the sink.
    Result<void> step(db::Transaction& tx);
    bool is_done() const { return after_.sequence >= request_.last_sequence; }
    Position after() const { return after_; }
    std::size_t sent() const { return sent_; }

private:
    Replay(Request request, RuleSet rules, MessageSink& sink)
        : request_(std::move(request)),
          rules_(std::move(rules)),
          sink_(&sink),
          after_(request_.after) {}

    Request request_;
    RuleSet rules_;
    MessageSink* sink_;
    EventMatcher matcher_;
    Position after_;
    std::size_t sent_ = 0;
};

}  // namespace larmor::events
