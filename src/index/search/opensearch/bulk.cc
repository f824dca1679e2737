#include "index/search/opensearch/bulk.h"

#include <simdjson.h>

#include "base/json_text.h"

namespace larmor::index::search::opensearch {
namespace {

constexpr std::size_t kItemsMax = 100;
/// Nodes of OpenSearch take 100 MiB; small requests are spread better.
constexpr std::size_t kBodyMaxBytes = std::size_t{8} << 20;

using simdjson::dom::element;

/// `of_action` is what the engine says of it.
Result<Target::Applied> outcome_of(simdjson::simdjson_result<element> of_action) {
    std::int64_t status = 0;
    if (of_action["status"].get(status)) {
        return fail(ErrorCode::Unavailable, "OpenSearch says nothing of a document");
    }
    element error;
    const bool has_error = of_action["error"].get(error) == simdjson::SUCCESS;
    // Not found and no error: there is nothing to remove.
    if (status == 200 || status == 201 || (status == 404 && !has_error)) {
        return Target::Applied::Written;
    }
    std::string_view kind;
    if (!has_error || error["type"].get(kind)) kind = "";
    // Each document carries its version: what is there is newer.
    if (status == 409 && kind == "version_conflict_engine_exception") {
        return Target::Applied::Older;
    }
    // Blocks of an index have 403: read-only by hand, or by the engine on a full disk.
    const bool is_passing =
        status == 401 || status == 403 || status == 404 || status == 429 || status >= 500;
    return fail(is_passing ? ErrorCode::Unavailable : ErrorCode::InvalidInput,
                "OpenSearch does not take a document: status " + std::to_string(status) + " " +
                    std::string(kind.substr(0, 100)));
}

}  // namespace

Result<Target::Applied> Bulk::put(Item item) {
    return wait_for({.action = "index", .item = std::move(item)});
}

Result<Target::Applied> Bulk::remove(std::string id, std::int64_t version) {
    return wait_for(
        {.action = "delete",
         .item = {.id = std::move(id), .version = version, .document = std::string()}});
}

Result<Target::Applied> Bulk::wait_for(Waiting mine) {
    std::unique_lock lock(mutex_);
    queue_.push_back(&mine);
    while (!mine.is_done) {
        if (is_sending_) {
            changed_.wait(lock);
            continue;
        }
        is_sending_ = true;
        std::vector<Waiting*> batch;
        std::size_t bytes = 0;
        while (batch.size() < queue_.size() && batch.size() < kItemsMax &&
               (batch.empty() || bytes < kBodyMaxBytes)) {
            bytes += queue_[batch.size()]->item.document.size();
            batch.push_back(queue_[batch.size()]);
        }
        queue_.erase(queue_.begin(),
                     queue_.begin() + static_cast<std::ptrdiff_t>(batch.size()));
        lock.unlock();
        send(batch);
        lock.lock();
        for (Waiting* const one : batch) {
            note_refused(*one);
            one->is_done = true;
        }
        is_sending_ = false;
        changed_.notify_all();
    }
    return std::move(mine.outcome);
}

void Bulk::note_refused(const Waiting& one) {
    if (one.outcome) {
        refused_.reset();
    } else if (one.outcome.error().code == ErrorCode::Unavailable) {
        refused_ = {.action = one.action, .item = one.item};
    }
}

Result<void> Bulk::retry_refused() {
    Waiting again;
    {
        const std::lock_guard lock(mutex_);
        if (!refused_) return {};
        again = {.action = refused_->action, .item = refused_->item};
    }
    // By its version it does no harm where a newer one is there.
    const auto outcome = wait_for(std::move(again));
    if (outcome || outcome.error().code != ErrorCode::Unavailable) return {};
    return tl::unexpected(outcome.error());
}

void Bulk::send(const std::vector<Waiting*>& batch) {
    const auto fail_all = [&](const Error& error) {
        for (Waiting* const one : batch) one->outcome = tl::unexpected(error);
    };
    std::string body;
    for (const Waiting* const one : batch) {
        body += "{\"" + std::string(one->action) + R"(":{"_index":")" +
                requester_.address().alias + R"(","_id":)";
        append_json_string(body, one->item.id);
        body += R"(,"version":)" + std::to_string(one->item.version);
        body += ",\"version_type\":\"external_gte\"}}\n";
        if (!one->item.document.empty()) body += one->item.document + '\n';
    }
    const auto answer = requester_.expect({.method = "POST",
                                           .target = "/_bulk?require_alias=true",
                                           .body = std::move(body),
                                           .content_type = "application/x-ndjson"});
    if (!answer) return fail_all(answer.error());
    simdjson::dom::parser parser;
    simdjson::dom::array items;
    if (parser.parse(*answer)["items"].get(items) || items.size() != batch.size()) {
        return fail_all({ErrorCode::Unavailable, "OpenSearch answers to a bulk with no items"});
    }
    std::size_t index = 0;
    for (const element item : items) {
        Waiting& one = *batch[index++];
        one.outcome = outcome_of(item[one.action]);
    }
}

}  // namespace larmor::index::search::opensearch
