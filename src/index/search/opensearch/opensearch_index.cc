#include "index/search/opensearch/opensearch_index.h"

#include <simdjson.h>

#include <mutex>

#include "index/search/opensearch/bulk.h"
#include "index/search/opensearch/check.h"
#include "index/search/opensearch/document_json.h"
#include "index/search/opensearch/instance_search.h"
#include "index/search/opensearch/query_json.h"
#include "index/search/opensearch/read_answer.h"
#include "index/search/opensearch/set_up.h"
#include "index/search/opensearch/stored_documents.h"

namespace larmor::index::search::opensearch {
namespace {

class OpenSearch final : public SearchIndex {
public:
    OpenSearch(Address address, Levels levels)
        : SearchIndex(levels), requester_(std::move(address)), bulk_(requester_) {}

    /// Asks the cluster where it was away, since who calls wants to know whether it is back.
    Result<Wanted> wanted() override {
        TRY_VOID(set_up_once());
        if (requester_.was_away()) {
            TRY_VOID(
                requester_.expect({.method = "GET", .target = "/"}).map([](const auto&) {}));
        }
        TRY_VOID(bulk_.retry_refused());
        return wanted_of_levels();
    }

    Result<bool> has_applied(std::string_view datastore_id, std::string_view image_set_id,
                             std::int64_t version) override {
        TRY_VOID(set_up_once());
        TRY(const auto response,
            requester_.send({.method = "GET",
                             .target = "/" + requester_.address().alias + "/_doc/" +
                                       id_of(datastore_id, image_set_id) +
                                       "?_source_includes=version"}));
        if (response.status == 404) return false;
        simdjson::dom::parser parser;
        std::int64_t there = 0;
        if (parser.parse(response.body)["_source"]["version"].get(there)) {
            return fail(ErrorCode::Unavailable, "OpenSearch tells no version of a document");
        }
        return there >= version;
    }

    Result<Applied> apply(const ImageSetDocument& document) override {
        TRY_VOID(set_up_once());
        return bulk_.put({.id = id_of(document.datastore_id, document.image_set_id),
                          .version = external_version(document.as_of),
                          .document = document_json(document, make_set_row(document))});
    }

    Result<Answer> search(const Query& query) override {
        TRY_VOID(set_up_once());
        if (query.level == Level::Instance) return search_instances(requester_, query);
        TRY(const std::string json, requester_.search(query_json(query)));
        TRY(Answer answer, read_answer(query, json));
        if (query.level != Level::Study || answer.hits.empty()) return answer;
        std::vector<std::string> uids;
        for (const Hit& hit : answer.hits) uids.push_back(study_of(hit));
        TRY(const std::string studies, requester_.search(studies_json(uids)));
        TRY_VOID(read_studies(studies, answer.hits));
        return answer;
    }

    /// Of a cluster that is away nothing is known.
    Result<bool> needs_rebuild() override {
        const auto documents = count_without_instances();
        if (documents) return *documents > 0;
        if (documents.error().code == ErrorCode::Unavailable) return false;
        return tl::unexpected(documents.error());
    }

    Result<std::vector<std::string>> list_studies(std::string_view after,
                                                  std::size_t limit) override {
        TRY_VOID(set_up_once());
        return opensearch::list_studies(requester_, after, limit);
    }
    Result<std::vector<Drift>> compare(std::span<const StudyDocuments> studies) override {
        TRY_VOID(set_up_once());
        return opensearch::compare(requester_, studies);
    }
    Result<Applied> repair(const StudyDocuments& study) override {
        TRY_VOID(set_up_once());
        return opensearch::repair(requester_, bulk_, study);
    }

private:
    Result<std::size_t> count_without_instances() {
        TRY_VOID(set_up_once());
        TRY(const std::string json, requester_.search(without_instances_json()));
        return count_of_hits(json);
    }

    Result<void> set_up_once() {
        const std::lock_guard lock(set_up_mutex_);
        if (is_set_up_) return {};
        TRY_VOID(set_up(requester_));
        is_set_up_ = true;
        return {};
    }

    Requester requester_;
    Bulk bulk_;
    std::mutex set_up_mutex_;
    bool is_set_up_ = false;
};

}  // namespace

std::unique_ptr<SearchIndex> make_opensearch_index(Address address, Levels levels) {
    return std::make_unique<OpenSearch>(std::move(address), levels);
}

}  // namespace larmor::index::search::opensearch
