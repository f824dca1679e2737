// What is asked of POST /v1/search, and what OpenSearch answers to it: a cluster is a peer too.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/json_text.h"
#include "index/search/answer_json.h"
#include "index/search/opensearch/query_json.h"
#include "index/search/opensearch/read_answer.h"
#include "index/search/parse_query.h"

namespace search = larmor::index::search;

// libFuzzer's name for it.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto query = search::parse_query(text);
    if (query) {
        search::Answer answer;
        const auto& name = *search::find_field("PatientName");
        search::Hit hit;
        if (larmor::is_utf8(text)) hit.values.emplace_back(&name, text);
        answer.hits.push_back(std::move(hit));
        answer.facets.resize(query->facets.size());
        LARMOR_CHECK(larmor::is_utf8(search::to_json(*query, answer)));
        const auto asked = search::opensearch::query_json(*query);
        LARMOR_CHECK(larmor::is_utf8(asked));
    }
    const auto plain = search::parse_query(R"({"facets":"Modality"})");
    auto answer = search::opensearch::read_answer(*plain, text);
    if (answer) {
        const auto read = search::opensearch::read_studies(text, answer->hits);
        LARMOR_CHECK(read || !read.error().message.empty());
    }
    return 0;
}
