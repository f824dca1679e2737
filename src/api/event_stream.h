#pragma once
#include <chrono>
#include <optional>
#include <string>

#include "api/context.h"
#include "events/event_bell.h"
#include "events/event_reader.h"

namespace larmor::api {

/// The event log as server-sent events, from a position on: what there is, then what comes.
/// Holds one page at a time; a client that does not keep up falls behind in the log, not in our
/// memory, and one that takes nothing is cut by the server's time-outs. Ends with the server,
/// when the client's next position is no longer kept (event `gone`), and after kLifetime, so
/// that credentials are looked at again: clients of server-sent events come back by themselves.
/// Source: HTML Living Standard, section 9.2 "Server-sent events".
class EventStream {
public:
    static constexpr std::chrono::minutes kLifetime{15};
    /// What is sent first: that the stream is open, and when to come back (ms).
    static constexpr std::string_view kOpening = ": open\nretry: 2000\n\n";

    EventStream(ContextPtr context, events::EventBell::Listener listener,
                events::Position after, async::CancelToken stop);

    /// The generator of the response.
    http::Task<Result<std::optional<http::Part>>> next();

private:
    http::Task<Result<std::vector<events::StoredEvent>>> read_page();
    std::string text_of(const std::vector<events::StoredEvent>& events);

    const ContextPtr context_;
    events::EventBell::Listener listener_;
    events::Position after_;
    const async::CancelToken stop_;
    const async::SteadyTime ends_;
    bool is_ended_ = false;
};

}  // namespace larmor::api
