#include "events/replay.h"

#include <array>

namespace larmor::events {

Result<Replay> Replay::make(Request request, MessageSink& sink) {
    RuleSet rules;
    if (request.pattern) {
        TRY(const Pattern pattern, parse_pattern(*request.pattern));
        TRY(rules, RuleSet::compile(std::span(&pattern, 1)));
    }
    return Replay(std::move(request), std::move(rules), sink);
}

Result<void> Replay::step(db::Transaction& tx) {
    TRY(const auto events, read_events(tx, after_, kEventPageMax));
    tx.on_rollback([this, after = after_, sent = sent_] {
        after_ = after;
        sent_ = sent;
    });
    std::vector<std::string> envelopes;
    std::vector<RoutedMessage> messages;
    envelopes.reserve(events.size());
    for (const StoredEvent& event : events) {
        if (event.position.sequence > request_.last_sequence) break;
        const std::string& envelope =
            envelopes.emplace_back(to_envelope(event, request_.source));
        after_ = event.position;
        if (request_.pattern) {
            TRY(const auto matched, matcher_.match(rules_, envelope));
            if (matched.empty()) continue;
        }
        messages.push_back({.rule = "",
                            .event_id = event.id,
                            .position = event.position,
                            .envelope = envelope});
    }
    if (events.empty()) after_.sequence = request_.last_sequence;
    sent_ += messages.size();
    if (messages.empty()) return {};
    return sink_->send(tx, request_.target, messages);
}

}  // namespace larmor::events
