#include "index/search/opensearch/read_answer.h"

#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "dicom/tags.h"
#include "index/search/opensearch/conditions_json.h"

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

/// As it is kept; nothing where the document has none.
std::optional<std::string> read_value(element source, const Field& field) {
    std::string_view text;
    std::int64_t number = 0;
    const auto value = source[field.keyword];
    if (!value.get(text)) return std::string(text);
    if (!value.get(number)) return std::to_string(number);
    return std::nullopt;
}

Hit read_hit(const Query& query, element source) {
    Hit hit;
    std::string_view id;
    if (!source["image_set_id"].get(id)) hit.image_set_id = id;
    hit.instances = number_of(source["instances"]);
    for (const Field& field : fields_of_sets()) {
        if (field.level > query.level) continue;
        if (auto value = read_value(source, field)) {
            hit.values.emplace_back(&field, *std::move(value));
        }
    }
    return hit;
}

Result<void> read_total(const Query& query, element root, Answer& answer) {
    const bool of_documents = query.level == Level::Series;
    simdjson::simdjson_result<element> value = root["hits"]["total"]["value"];
    if (query.level == Level::Study) value = root["aggregations"]["studies"]["value"];
    if (query.level == Level::Instance) {
        value = root["aggregations"]["instances"]["matching"]["doc_count"];
    }
    if (value.error()) return not_understood("a total");
    const auto counted = static_cast<std::size_t>(number_of(value));
    std::string_view relation = "eq";
    if (of_documents && root["hits"]["total"]["relation"].get(relation)) {
        return not_understood("the relation of its total");
    }
    answer.total = std::min(counted, query.total_up_to);
    answer.total_is_exact = counted <= query.total_up_to && relation == "eq";
    return {};
}

Result<std::vector<FacetValue>> read_facet(const Query& query, const Field& field,
                                           element aggregations) {
    const bool is_inside = field.level == Level::Instance;
    array buckets;
    const auto facet = is_inside ? aggregations["instances"]["matching"][field.keyword]
                                 : aggregations[field.keyword];
    if (facet["buckets"].get(buckets)) return not_understood("the buckets of a facet");
    std::vector<FacetValue> values;
    for (const element bucket : buckets) {
        std::string_view key;
        if (bucket["key"].get(key)) return not_understood("the key of a bucket");
        auto count = bucket["doc_count"];
        if (query.level == Level::Study) count = bucket["studies"]["value"];
        if (query.level == Level::Instance && !is_inside) {
            count = bucket["instances"]["matching"]["doc_count"];
        }
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

/// The total and the facets.
Result<Answer> read_counts(const Query& query, element root) {
    Answer answer;
    TRY_VOID(read_total(query, root, answer));
    for (const auto& [field, values_max] : query.facets) {
        element aggregations;
        if (root["aggregations"].get(aggregations)) return not_understood("a facet");
        TRY(auto values, read_facet(query, *field, aggregations));
        answer.facets.push_back(std::move(values));
    }
    return answer;
}

Values read_values(element source, std::span<const Field> kept) {
    Values values;
    values.reserve(kept.size());
    for (const Field& field : kept) values.push_back(read_value(source, field));
    return values;
}

InstancesOfSet read_set(element source) {
    InstancesOfSet set;
    std::string_view id;
    if (!source["image_set_id"].get(id)) set.image_set_id = id;
    set.values = read_values(source, fields_of_sets());
    array instances;
    if (source[kInstancePath].get(instances)) return set;
    for (const element one : instances) {
        set.instances.push_back(read_values(one, fields_of(Level::Instance)));
    }
    return set;
}

}  // namespace

Result<Answer> read_answer(const Query& query, std::string_view json) {
    simdjson::dom::parser parser;
    element root;
    array hits;
    if (parser.parse(json.data(), json.size()).get(root) || root["hits"]["hits"].get(hits)) {
        return not_understood("hits");
    }
    TRY(Answer answer, read_counts(query, root));
    for (const element hit : hits) {
        element source;
        if (hit["_source"].get(source)) return not_understood("the source of a hit");
        answer.hits.push_back(read_hit(query, source));
    }
    return answer;
}

Result<InstancesAnswer> read_instances(const Query& query, const DocumentPage& page,
                                       std::string_view json) {
    simdjson::dom::parser parser;
    element root;
    array hits;
    if (parser.parse(json.data(), json.size()).get(root) || root["hits"]["hits"].get(hits)) {
        return not_understood("hits");
    }
    InstancesAnswer answer;
    if (page.has_counts) {
        TRY(answer.counts, read_counts(query, root));
    }
    for (const element hit : hits) {
        element source;
        element sort;
        if (hit["_source"].get(source) || hit["sort"].get(sort)) {
            return not_understood("the source or the order of a hit");
        }
        answer.sets.push_back(read_set(source));
        answer.after = simdjson::minify(sort);
    }
    return answer;
}

Result<std::size_t> count_of_hits(std::string_view json) {
    simdjson::dom::parser parser;
    std::uint64_t count = 0;
    if (parser.parse(json.data(), json.size())["hits"]["total"]["value"].get(count)) {
        return not_understood("a total");
    }
    return static_cast<std::size_t>(count);
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
