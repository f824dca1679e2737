#include "events/rules.h"

#include <algorithm>

#include "events/pattern.h"
#include "events/rule_set.h"
#include "http/url.h"

namespace larmor::events {
namespace {

constexpr std::size_t kQueueNameMaxBytes = 80;  // as SQS has it

/// In lower case, as queues are named; rules may have capitals.
enum class Capitals : std::uint8_t { Yes, No };
bool is_name(std::string_view text, std::size_t bytes_max, Capitals capitals) {
    return !text.empty() && text.size() <= bytes_max &&
           std::ranges::all_of(text, [capitals](char c) {
               return (c >= 'a' && c <= 'z') ||
                      (capitals == Capitals::Yes && c >= 'A' && c <= 'Z') ||
                      (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
           });
}

Result<void> check_target(const Target& target) {
    if (target.kind == TargetKind::Queue) {
        if (is_name(target.address, kQueueNameMaxBytes, Capitals::No)) return {};
        return fail(ErrorCode::InvalidInput, "a queue's name is 1 to 80 of a-z 0-9 . _ -");
    }
    TRY_VOID(http::parse_url(target.address));
    return {};
}

/// Errors as of Rules::create. Gives the number of alternatives of the pattern.
Result<std::size_t> check_draft(const RuleDraft& draft) {
    if (!is_name(draft.name, kRuleNameMaxBytes, Capitals::Yes)) {
        return fail(ErrorCode::InvalidInput,
                    "a rule's name has 1 to 64 letters, digits, dots, - and _");
    }
    if (draft.targets.empty() || draft.targets.size() > kRuleTargetsMax) {
        return fail(ErrorCode::InvalidInput, "a rule has 1 to 5 targets");
    }
    for (const Target& target : draft.targets) TRY_VOID(check_target(target));
    TRY(const Pattern pattern, parse_pattern(draft.pattern));
    return pattern.alternatives.size();
}

Result<std::int64_t> next_revision(db::Transaction& tx) {
    TRY_VOID(tx.run("UPDATE event_rule_set SET revision = revision + 1 WHERE id = 1"));
    return Rules::revision(tx);
}

Result<void> check_limits(db::Transaction& tx) {
    TRY(db::Query query,
        tx.prepare("SELECT count(*), coalesce(sum(alternatives), 0) FROM event_rules"));
    TRY_VOID(query.next());
    if (query.int64(0) > static_cast<std::int64_t>(kRulesMax)) {
        return fail(ErrorCode::LimitExceeded,
                    "there are " + std::to_string(kRulesMax) + " rules already");
    }
    if (query.int64(1) > static_cast<std::int64_t>(kRuleSetAlternativesMax)) {
        return fail(ErrorCode::LimitExceeded, "the rules have more than " +
                                                  std::to_string(kRuleSetAlternativesMax) +
                                                  " combinations of $or together");
    }
    return {};
}

Result<void> check_version(const Rule& rule, std::optional<std::int64_t> version) {
    if (!version || rule.version == *version) return {};
    return fail(ErrorCode::Conflict, "the rule " + rule.name + " has version " +
                                         std::to_string(rule.version) + ", not " +
                                         std::to_string(*version));
}

Result<void> remove_rows(db::Transaction& tx, std::string_view name) {
    TRY_VOID(tx.run("DELETE FROM event_rule_targets WHERE rule = ?1", name));
    TRY_VOID(tx.run("DELETE FROM event_rules WHERE name = ?1", name));
    return {};
}

Result<void> read_targets(db::Snapshot& snapshot, Rule& rule) {
    TRY(db::Query query, snapshot.prepare("SELECT kind, address FROM event_rule_targets"
                                          " WHERE rule = ?1 ORDER BY position"));
    query.bind(rule.name);
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return {};
        TRY(const TargetKind kind, parse_target_kind(query.text(0)));
        rule.targets.push_back({kind, query.string(1)});
    }
}

Rule rule_of(const db::Query& query) {
    Rule rule;
    rule.name = query.string(0);
    rule.pattern = query.string(1);
    rule.is_enabled = query.int64(2) != 0;
    rule.version = query.int64(3);
    rule.updated = Time(std::chrono::microseconds(query.int64(4)));
    return rule;
}

}  // namespace

std::string_view name_of(TargetKind kind) {
    return kind == TargetKind::Queue ? "queue" : "webhook";
}

Result<TargetKind> parse_target_kind(std::string_view name) {
    if (name == "queue") return TargetKind::Queue;
    if (name == "webhook") return TargetKind::Webhook;
    return fail(ErrorCode::InvalidInput, "a target is a queue or a webhook");
}

Result<void> Rules::check(const RuleDraft& draft) {
    TRY_VOID(check_draft(draft));
    return {};
}

Result<Rule> Rules::create(db::Transaction& tx, const RuleDraft& draft) const {
    if (find(tx, draft.name)) {
        return fail(ErrorCode::Conflict, "there is a rule " + draft.name + " already");
    }
    return write(tx, draft);
}

Result<Rule> Rules::update(db::Transaction& tx, const RuleDraft& draft,
                           std::int64_t version) const {
    TRY(const Rule rule, find(tx, draft.name));
    TRY_VOID(check_version(rule, version));
    TRY_VOID(remove_rows(tx, draft.name));
    return write(tx, draft);
}

Result<void> Rules::remove(db::Transaction& tx, std::string_view name,
                           std::optional<std::int64_t> version) const {
    TRY(const Rule rule, find(tx, name));
    TRY_VOID(check_version(rule, version));
    TRY_VOID(remove_rows(tx, name));
    TRY_VOID(next_revision(tx));
    return {};
}

Result<Rule> Rules::write(db::Transaction& tx, const RuleDraft& draft) const {
    TRY(const std::size_t alternatives, check_draft(draft));
    Rule rule{draft, 0, clock_.now()};
    TRY(rule.version, next_revision(tx));
    TRY_VOID(tx.run(
        "INSERT INTO event_rules (name, pattern, alternatives, enabled, version, updated)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        rule.name, rule.pattern, alternatives, rule.is_enabled ? 1 : 0, rule.version,
        rule.updated.time_since_epoch().count()));
    for (std::size_t i = 0; i < rule.targets.size(); ++i) {
        TRY_VOID(
            tx.run("INSERT INTO event_rule_targets (rule, position, kind, address)"
                   " VALUES (?1, ?2, ?3, ?4)",
                   rule.name, i, name_of(rule.targets[i].kind), rule.targets[i].address));
    }
    TRY_VOID(check_limits(tx));
    return rule;
}

Result<Rule> Rules::find(db::Snapshot& snapshot, std::string_view name) {
    TRY(db::Query query, snapshot.prepare("SELECT name, pattern, enabled, version, updated"
                                          " FROM event_rules WHERE name = ?1"));
    query.bind(name);
    TRY(const bool row, query.next());
    if (!row) return fail(ErrorCode::NotFound, "there is no rule of that name");
    Rule rule = rule_of(query);
    TRY_VOID(read_targets(snapshot, rule));
    return rule;
}

Result<std::vector<Rule>> Rules::list(db::Snapshot& snapshot, std::string_view after,
                                      std::size_t limit) {
    TRY(db::Query query,
        snapshot.prepare("SELECT name, pattern, enabled, version, updated"
                         " FROM event_rules WHERE name > ?1 ORDER BY name LIMIT ?2"));
    query.bind(after, limit);
    std::vector<Rule> rules;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return rules;
        rules.push_back(rule_of(query));
        TRY_VOID(read_targets(snapshot, rules.back()));
    }
}

Result<std::int64_t> Rules::revision(db::Snapshot& snapshot) {
    TRY(db::Query query, snapshot.prepare("SELECT revision FROM event_rule_set WHERE id = 1"));
    TRY(const bool row, query.next());
    if (!row) return fail(ErrorCode::Corrupt, "the rules have lost their revision");
    return query.int64(0);
}

}  // namespace larmor::events
