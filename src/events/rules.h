#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "db/transaction.h"

namespace larmor::events {

inline constexpr std::size_t kRulesMax = 2000;     ///< compiled in about a millisecond
inline constexpr std::size_t kRuleTargetsMax = 5;  ///< EventBridge's limit
inline constexpr std::size_t kRuleNameMaxBytes = 64;

enum class TargetKind : std::uint8_t { Queue, Webhook };
/// `queue`, `webhook`.
std::string_view name_of(TargetKind kind);
Result<TargetKind> parse_target_kind(std::string_view name);

/// Where an event goes.
struct Target {
    TargetKind kind = TargetKind::Queue;
    std::string address;  ///< the queue's name, or an http or https URL
    friend auto operator<=>(const Target&, const Target&) = default;
};

struct RuleDraft {
    std::string name;     ///< `[A-Za-z0-9._-]{1,64}`
    std::string pattern;  ///< JSON, see parse_pattern
    std::vector<Target> targets;
    bool is_enabled = true;
};

struct Rule : RuleDraft {
    std::int64_t version = 0;  ///< rises with each change, of this rule and of all others
    Time updated{};
};

/// The rules of a library, as rows. What changes them takes effect with the commit: events of
/// the same group are routed by the rules as they are then (see Router).
class Rules {
public:
    explicit Rules(const Clock& clock = system_clock()) : clock_(clock) {}

    /// What can be said of a rule without the others. Errors: InvalidInput (name, pattern,
    /// targets), LimitExceeded (the pattern).
    static Result<void> check(const RuleDraft& draft);

    /// Errors: those of check, Conflict (the name is taken), LimitExceeded (more than kRulesMax
    /// rules).
    Result<Rule> create(db::Transaction& tx, const RuleDraft& draft) const;
    /// Errors: NotFound, Conflict (`version` is not the rule's: somebody changed it since), and
    /// those of create.
    Result<Rule> update(db::Transaction& tx, const RuleDraft& draft,
                        std::int64_t version) const;
    /// Errors: NotFound, Conflict as in update, where a version is given.
    Result<void> remove(db::Transaction& tx, std::string_view name,
                        std::optional<std::int64_t> version) const;

    /// Errors: NotFound.
    static Result<Rule> find(db::Snapshot& snapshot, std::string_view name);
    /// At most `limit` behind `after`, by name.
    static Result<std::vector<Rule>> list(db::Snapshot& snapshot, std::string_view after,
                                          std::size_t limit);
    /// Rises with each change of any rule.
    static Result<std::int64_t> revision(db::Snapshot& snapshot);

private:
    Result<Rule> write(db::Transaction& tx, const RuleDraft& draft) const;

    const Clock& clock_;
};

}  // namespace larmor::events
