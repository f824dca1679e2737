#include "index/search/opensearch/instance_search.h"

#include <algorithm>

#include "index/search/opensearch/instance_page.h"
#include "index/search/opensearch/query_json.h"
#include "index/search/opensearch/read_answer.h"

namespace larmor::index::search::opensearch {
namespace {

/// Mostly the page is of a few image sets: a large one is some 300 KB.
constexpr std::size_t kFirstDocuments = 8;
constexpr std::size_t kDocumentsMax = 64;

}  // namespace

Result<Answer> search_instances(Requester& requester, const Query& query) {
    InstancePage instances(query);
    Answer answer;
    DocumentPage page{.size = query.limit == 0 ? 0 : kFirstDocuments, .has_counts = true};
    for (;;) {
        TRY(const std::string json, requester.search(instances_json(query, page)));
        TRY(auto read, read_instances(query, page, json));
        if (page.has_counts) answer = std::move(read.counts);
        const bool is_last = read.sets.size() < page.size;
        for (auto& set : read.sets) instances.add(std::move(set));
        if (is_last || page.size == 0 || instances.is_complete()) break;
        page = {.size = std::min(2 * page.size, kDocumentsMax), .after = std::move(read.after)};
    }
    answer.hits = instances.take();
    return answer;
}

}  // namespace larmor::index::search::opensearch
