#include "events/router.h"

#include <map>
#include <utility>

namespace larmor::events {
namespace {

/// Bounds what a large group holds in memory.
constexpr std::size_t kRoutedPage = 200;

}  // namespace

struct Router::Compiled {
    struct Sender {
        std::string rule;
        std::vector<std::size_t> targets;  ///< places in `targets`
    };
    std::int64_t revision = 0;
    RuleSet rules;
    std::vector<Sender> senders;  ///< in the order of `rules`
    std::vector<Target> targets;  ///< each once
};

Router::Router(MessageSink& sink, Source source) : sink_(sink), source_(std::move(source)) {}
Router::~Router() = default;

Result<std::unique_ptr<Router>> Router::open(db::Database& database, MessageSink& sink,
                                             Source source) {
    auto router = std::unique_ptr<Router>(new Router(sink, std::move(source)));
    TRY(router->compiled_, database.read(compile));
    return router;
}

Result<std::unique_ptr<const Router::Compiled>> Router::compile(db::Snapshot& snapshot) {
    auto compiled = std::make_unique<Compiled>();
    TRY(compiled->revision, Rules::revision(snapshot));
    std::map<Target, std::size_t> places;
    std::vector<Pattern> patterns;
    TRY(const auto rules, Rules::list(snapshot, "", kRulesMax));
    for (const Rule& rule : rules) {
        if (!rule.is_enabled) continue;
        auto pattern = parse_pattern(rule.pattern);
        if (!pattern) {
            return fail(ErrorCode::Corrupt, "the stored rule " + rule.name +
                                                " can't be read: " + pattern.error().message);
        }
        patterns.push_back(*std::move(pattern));
        auto& sender = compiled->senders.emplace_back();
        sender.rule = rule.name;
        for (const Target& target : rule.targets) {
            const auto [place, is_new] = places.try_emplace(target, compiled->targets.size());
            if (is_new) compiled->targets.push_back(target);
            sender.targets.push_back(place->second);
        }
    }
    TRY(compiled->rules, RuleSet::compile(patterns));
    return compiled;
}

void Router::attach(db::Database& database, EventLog& log) {
    if (database.dialect() != db::Dialect::Sqlite) {
        log.start_numbering([this](db::Transaction& tx, std::int64_t before) -> Result<void> {
            TRY_VOID(route(tx, before));
            return {};
        });
        return;
    }
    database.before_commit([this, &log](db::Transaction& tx) -> Result<void> {
        TRY_VOID(route(tx, log.last().sequence));
        return {};
    });
}

/// The rules of a transaction that rolls back must not stay: their revision will be given
/// again.
Result<void> Router::refresh(db::Transaction& tx) {
    TRY(const std::int64_t revision, Rules::revision(tx));
    if (revision == compiled_->revision) return {};
    TRY(std::shared_ptr<const Compiled> compiled, compile(tx));
    tx.on_rollback(
        [this, before = std::exchange(compiled_, std::move(compiled))] { compiled_ = before; });
    return {};
}

Result<std::size_t> Router::route(db::Transaction& tx, std::int64_t sequence) {
    TRY_VOID(refresh(tx));
    if (compiled_->senders.empty()) return 0;
    std::size_t sent = 0;
    for (;;) {
        TRY(const auto events, EventLog::read_after(tx, sequence, kRoutedPage));
        TRY(const std::size_t count, route_page(tx, events));
        sent += count;
        if (events.size() < kRoutedPage) return sent;
        sequence = events.back().position.sequence;
    }
}

Result<std::size_t> Router::route_page(db::Transaction& tx,
                                       std::span<const StoredEvent> events) {
    std::vector<std::string> envelopes;
    envelopes.reserve(events.size());
    std::vector<std::vector<RoutedMessage>> by_target(compiled_->targets.size());
    std::size_t sent = 0;
    for (const StoredEvent& event : events) {
        const std::string& envelope = envelopes.emplace_back(to_envelope(event, source_));
        TRY(const auto matched, matcher_.match(compiled_->rules, envelope));
        for (const std::uint32_t rule : matched) {
            const auto& sender = compiled_->senders[rule];
            for (const std::size_t target : sender.targets) {
                by_target[target].push_back({.rule = sender.rule,
                                             .event_id = event.id,
                                             .position = event.position,
                                             .envelope = envelope});
                ++sent;
            }
        }
    }
    for (std::size_t target = 0; target < by_target.size(); ++target) {
        if (by_target[target].empty()) continue;
        TRY_VOID(sink_.send(tx, compiled_->targets[target], by_target[target]));
    }
    return sent;
}

}  // namespace larmor::events
