#include "api/index_acts.h"

#include "base/json_text.h"
#include "index/image_set_message.h"
#include "routing/own_queues.h"

namespace larmor::api {
namespace {

Result<void> append_target(std::string& json, queue::Queue& queue) {
    TRY(const auto stats, queue.stats());
    json += R"({"name":)";
    append_json_string(json, queue.name().substr(routing::kIndexQueues.size()));
    json += R"(,"queue":)";
    append_json_string(json, queue.name());
    json += ",\"lag\":" + std::to_string(stats.depth());
    json +=
        ",\"lag_s\":" + std::to_string(std::chrono::duration<double>(stats.oldest_age).count());
    json += ",\"dead\":" + std::to_string(stats.dead) + '}';
    return {};
}

}  // namespace

Result<std::string> json_of_index(queue::Queues& queues) {
    TRY(const auto all, queues.list());
    std::string json = R"({"targets":[)";
    bool is_first = true;
    for (queue::Queue* const queue : all) {
        if (!queue->name().starts_with(routing::kIndexQueues)) continue;
        if (!std::exchange(is_first, false)) json += ',';
        TRY_VOID(append_target(json, *queue));
    }
    return json + "]}";
}

Result<void> rebuild_index(db::Database& database, queue::Queues& queues,
                           const std::string& target) {
    auto queue = queues.open(std::string(routing::kIndexQueues) + target);
    if (!queue && queue.error().code == ErrorCode::NotFound) {
        return fail(ErrorCode::NotFound, "the index has no target " + target);
    }
    if (!queue) return tl::unexpected(std::move(queue).error());
    return database.write_and_wait([&](db::Transaction& tx) -> Result<void> {
        const std::vector messages{queue::NewMessage{.body = index::to_body(index::Rebuild{})}};
        TRY_VOID((*queue)->send(tx, messages));
        return {};
    });
}

}  // namespace larmor::api
