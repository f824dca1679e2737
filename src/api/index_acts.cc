#include "api/index_acts.h"

#include <simdjson.h>

#include <algorithm>

#include "base/json_text.h"
#include "events/event_reader.h"
#include "events/rules.h"
#include "index/image_set_message.h"
#include "jobs/jobs.h"
#include "routing/index_sequence.h"
#include "routing/own_queues.h"

namespace larmor::api {
namespace {

/// Of which the last one of a target is looked for.
constexpr std::size_t kChecksRead = 100;

std::string queue_name(const std::string& target) {
    return std::string(routing::kIndexQueues) + target;
}

tl::unexpected<Error> no_target(const std::string& target) {
    return fail(ErrorCode::NotFound, "the index has no target " + target);
}

/// A queue and whether a rule feeds it.
struct Known {
    queue::Queue* queue = nullptr;
    std::string name;  ///< of the target
    bool has_rule = false;
    queue::QueueStats stats;
    /// What was removed leaves an empty queue.
    bool is_target() const { return has_rule || stats.depth() > 0 || stats.dead > 0; }
};

Result<bool> has_rule(db::Snapshot& snapshot, const std::string& name) {
    const auto rule = events::Rules::find(snapshot, name);
    if (rule) return rule->is_enabled;
    if (rule.error().code == ErrorCode::NotFound) return false;
    return tl::unexpected(rule.error());
}

Result<Known> look_at(const IndexServices& services, queue::Queue& queue) {
    Known known{.queue = &queue, .name = queue.name().substr(routing::kIndexQueues.size())};
    TRY(known.stats, queue.stats());
    TRY(known.has_rule, services.database.read([&](db::Snapshot& snapshot) {
        return has_rule(snapshot, queue.name());
    }));
    return known;
}

Result<Known> find_target(const IndexServices& services, const std::string& target) {
    auto queue = services.queues.open(queue_name(target));
    if (!queue && queue.error().code == ErrorCode::NotFound) return no_target(target);
    if (!queue) return tl::unexpected(std::move(queue).error());
    TRY(auto known, look_at(services, **queue));
    if (!known.is_target()) return no_target(target);
    return known;
}

bool is_of_target(const jobs::Job& job, const std::string& target) {
    simdjson::dom::parser parser;
    std::string_view name;
    return parser.parse(job.parameters)["target"].get(name) == simdjson::SUCCESS &&
           name == target;
}

/// The newest check of the target, or null.
Result<void> append_last_check(std::string& json, db::Snapshot& snapshot,
                               const std::string& target) {
    jobs::JobFilter filter;
    filter.kind = "index-check";
    TRY(const auto checks, jobs::Jobs::list(snapshot, filter, std::nullopt, kChecksRead));
    json += R"(,"last_check":)";
    const auto job = std::ranges::find_if(
        checks, [&](const jobs::Job& one) { return is_of_target(one, target); });
    if (job == checks.end()) {
        json += "null";
        return {};
    }
    json += R"({"job":")" + std::to_string(to_int64(job->id)) + R"(","state":")";
    json += jobs::name_of(job->state);
    json += R"(","at":)" + to_json_string(to_iso8601(job->ended_at.value_or(job->created_at)));
    json += R"(,"result":)" + (job->result.empty() ? "null" : job->result) + '}';
    return {};
}

Result<void> append_target(std::string& json, const IndexServices& services,
                           const Known& known) {
    return services.database.read([&](db::Snapshot& snapshot) -> Result<void> {
        TRY(const auto sequence, routing::read_index_sequence(snapshot, *known.queue));
        const bool is_kept_here = services.targets.contains(known.name);
        json += R"({"name":)" + to_json_string(known.name);
        json += R"(,"queue":)" + to_json_string(known.queue->name());
        json += R"(,"fed":)" + std::string(known.has_rule ? "true" : "false");
        json += R"(,"kept_here":)" + std::string(is_kept_here ? "true" : "false");
        json += ",\"lag\":" + std::to_string(known.stats.depth());
        json += ",\"lag_s\":" +
                std::to_string(std::chrono::duration<double>(known.stats.oldest_age).count());
        json += ",\"dead\":" + std::to_string(known.stats.dead);
        // Events that it does not get are not behind it: then it is nowhere.
        json += ",\"sequence\":" +
                (known.has_rule ? to_json_string(events::to_text(sequence.applied)) : "null");
        json += ",\"log\":" + to_json_string(events::to_text(sequence.log));
        json += ",\"held_by\":" +
                (sequence.held_by ? to_json_string(std::to_string(to_int64(*sequence.held_by)))
                                  : "null");
        TRY_VOID(append_last_check(json, snapshot, known.name));
        json += '}';
        return {};
    });
}

}  // namespace

Result<std::string> json_of_index(const IndexServices& services) {
    TRY(const auto all, services.queues.list());
    std::string json = R"({"targets":[)";
    bool is_first = true;
    for (queue::Queue* const queue : all) {
        if (!queue->name().starts_with(routing::kIndexQueues)) continue;
        TRY(const auto known, look_at(services, *queue));
        if (!known.is_target()) continue;
        if (!std::exchange(is_first, false)) json += ',';
        TRY_VOID(append_target(json, services, known));
    }
    return json + "]}";
}

Result<std::string> json_of_index_target(const IndexServices& services,
                                         const std::string& target) {
    TRY(const auto known, find_target(services, target));
    std::string json;
    TRY_VOID(append_target(json, services, known));
    return json;
}

Result<std::optional<std::string>> why_not_at(const IndexServices& services,
                                              const std::string& target,
                                              events::Position position) {
    using Reason = std::optional<std::string>;
    TRY(const auto known, find_target(services, target));
    if (!known.has_rule) return Reason("no rule sends it events");
    TRY(const auto sequence, services.database.read([&](db::Snapshot& snapshot) {
        return routing::read_index_sequence(snapshot, *known.queue);
    }));
    if (sequence.applied >= position) return Reason();
    std::string reason = "it is at " + events::to_text(sequence.applied);
    if (sequence.held_by) {
        reason += ", held by the dead letter " + std::to_string(to_int64(*sequence.held_by)) +
                  " of " + known.queue->name();
    }
    return Reason(std::move(reason));
}

Result<events::Position> rebuild_index(const IndexServices& services,
                                       const std::string& target) {
    TRY(const auto known, find_target(services, target));
    return services.database.write_and_wait(
        [&](db::Transaction& tx) -> Result<events::Position> {
            TRY(auto newest, events::newest_position(tx));
            newest.sequence = std::max<std::int64_t>(newest.sequence, 1);
            const std::vector messages{queue::NewMessage{
                .body = index::to_body(index::Rebuild{.after = {}, .position = newest}),
                .is_late = true}};
            TRY_VOID(known.queue->send(tx, messages));
            return newest;
        });
}

Result<void> remove_index(const IndexServices& services, const std::string& target) {
    if (services.targets.contains(target)) {
        return fail(ErrorCode::Conflict, "this server keeps the target " + target +
                                             ": start it without --index-" + target +
                                             ", then remove it");
    }
    TRY(const auto known, find_target(services, target));
    const auto removed = services.database.write_and_wait([&](db::Transaction& tx) {
        return events::Rules().remove(tx, known.queue->name(), std::nullopt);
    });
    if (!removed && removed.error().code != ErrorCode::NotFound) return removed;
    TRY_VOID(known.queue->purge());
    TRY_VOID(known.queue->purge_dead_letters());
    return {};
}

}  // namespace larmor::api
