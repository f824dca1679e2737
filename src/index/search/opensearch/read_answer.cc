#include "index/search/opensearch/read_answer.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "dicom/tags.h"

namespace larmor::index::search::opensearch {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;

tl::unexpected<Error> not_understood(std::string_view what) {
    return fail(ErrorCode::Unavailable,
                "OpenSearch answers to a search without " + std::string(what));
}

/// Whole, though sums come as 12.0.
std::int64_t number_of(simdjson::simdjson_result<element> value) {
    double number = 0;
    return value.get(number) ? 0 : std::llround(number);
}

Hit read_hit(const Query& query, element source) {
    Hit hit;
    std::string_view id;
    if (!source["image_set_id"].get(id)) hit.image_set_id = id;
    hit.instances = number_of(source["instances"]);
    for (const Field& field : fields_of_sets()) {
        if (field.level > query.level) continue;
        std::string_view text;
        std::int64_t number = 0;
        if (!source[field.keyword].get(text)) {
            hit.values.emplace_back(&field, text);
        } else if (!source[field.keyword].get(number)) {
            hit.values.emplace_back(&field, std::to_string(number));
        }
    }
    return hit;
}

Result<void> read_total(const Query& query, element root, Answer& answer) {
    const bool of_studies = query.level == Level::Study;
    const auto value =
        of_studies ? root["aggregations"]["studies"]["value"] : root["hits"]["total"]["value"];
    if (value.error()) return not_understood("a total");
    const auto counted = static_cast<std::size_t>(number_of(value));
    std::string_view relation = "eq";
    if (!of_studies && root["hits"]["total"]["relation"].get(relation)) {
        return not_understood("the relation of its total");
    }
    answer.total = std::min(counted, query.total_up_to);
    answer.total_is_exact = counted <= query.total_up_to && relation == "eq";
    return {};
}

Result<std::vector<FacetValue>> read_facet(const Query& query, element aggregation) {
    array buckets;
    if (aggregation["buckets"].get(buckets)) return not_understood("the buckets of a facet");
    std::vector<FacetValue> values;
    for (const element bucket : buckets) {
        std::string_view key;
        if (bucket["key"].get(key)) return not_understood("the key of a bucket");
        const auto count =
            query.level == Level::Study ? bucket["studies"]["value"] : bucket["doc_count"];
        values.push_back({std::string(key), number_of(count)});
    }
    return values;
}

void read_study(element bucket, Hit& hit) {
    hit.series = number_of(bucket["doc_count"]);
    hit.instances = number_of(bucket["instances"]["value"]);
    array modalities;
    if (bucket["modalities"]["buckets"].get(modalities)) return;
    for (const element modality : modalities) {
        std::string_view key;
        if (!modality["key"].get(key)) hit.modalities.emplace_back(key);
    }
}

}  // namespace

Result<Answer> read_answer(const Query& query, std::string_view json) {
    simdjson::dom::parser parser;
    element root;
    array hits;
    if (parser.parse(json.data(), json.size()).get(root) || root["hits"]["hits"].get(hits)) {
        return not_understood("hits");
    }
    Answer answer;
    TRY_VOID(read_total(query, root, answer));
    for (const element hit : hits) {
        element source;
        if (hit["_source"].get(source)) return not_understood("the source of a hit");
        answer.hits.push_back(read_hit(query, source));
    }
    for (const auto& [field, values_max] : query.facets) {
        element aggregation;
        if (root["aggregations"][field->keyword].get(aggregation)) {
            return not_understood("a facet");
        }
        TRY(auto values, read_facet(query, aggregation));
        answer.facets.push_back(std::move(values));
    }
    return answer;
}

Result<void> read_studies(std::string_view json, std::vector<Hit>& hits) {
    simdjson::dom::parser parser;
    array buckets;
    if (parser.parse(json.data(), json.size())["aggregations"]["studies"]["buckets"].get(
            buckets)) {
        return not_understood("its studies");
    }
    for (const element bucket : buckets) {
        std::string_view key;
        if (bucket["key"].get(key)) return not_understood("the key of a study");
        for (Hit& hit : hits) {
            if (study_of(hit) == key) read_study(bucket, hit);
        }
    }
    return {};
}

std::string study_of(const Hit& hit) {
    for (const auto& [field, value] : hit.values) {
        if (field->tag == dicom::tags::StudyInstanceUID) return value;
    }
    return {};
}

}  // namespace larmor::index::search::opensearch
