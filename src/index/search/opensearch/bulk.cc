#include "index/search/opensearch/bulk.h"

#include <simdjson.h>

#include "base/json_text.h"

namespace larmor::index::search::opensearch {
namespace {

constexpr std::size_t kItemsMax = 100;
/// Nodes of OpenSearch take 100 MiB; small requests are spread better.
constexpr std::size_t kBodyMaxBytes = std::size_t{8} << 20;

using simdjson::dom::element;

Result<Target::Applied> outcome_of(element item) {
    std::int64_t status = 0;
    if (item["index"]["status"].get(status)) {
        return fail(ErrorCode::Unavailable, "OpenSearch says nothing of a document");
    }
    if (status == 200 || status == 201) return Target::Applied::Written;
    std::string_view kind;
    if (item["index"]["error"]["type"].get(kind)) kind = "";
    // Each document carries its version: what is there is newer.
    if (status == 409 && kind == "version_conflict_engine_exception") {
        return Target::Applied::Older;
    }
    const bool is_passing = status == 429 || status >= 500 || status == 404;
    return fail(is_passing ? ErrorCode::Unavailable : ErrorCode::InvalidInput,
                "OpenSearch does not take a document: status " + std::to_string(status) + " " +
                    std::string(kind.substr(0, 100)));
}

}  // namespace

Result<Target::Applied> Bulk::put(Item item) {
    Waiting mine{.item = std::move(item)};
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
        for (Waiting* const one : batch) one->is_done = true;
        is_sending_ = false;
        changed_.notify_all();
    }
    return std::move(mine.outcome);
}

void Bulk::send(const std::vector<Waiting*>& batch) {
    const auto fail_all = [&](const Error& error) {
        for (Waiting* const one : batch) one->outcome = tl::unexpected(error);
    };
    std::string body;
    for (const Waiting* const one : batch) {
        body += R"({"index":{"_index":")" + requester_.address().alias + R"(","_id":)";
        append_json_string(body, one->item.id);
        body += R"(,"version":)" + std::to_string(one->item.version);
        body += ",\"version_type\":\"external_gte\"}}\n" + one->item.document + '\n';
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
    for (const element item : items) batch[index++]->outcome = outcome_of(item);
}

}  // namespace larmor::index::search::opensearch
