#include "index/search/answer_json.h"

#include "base/json_text.h"
#include "index/search/highlight.h"

namespace larmor::index::search {
namespace {

void append_key(std::string& json, std::string_view name) {
    if (json.back() != '{' && json.back() != '[') json += ',';
    append_json_string(json, name);
    json += ':';
}

void append_value(std::string& json, const Field& field, const std::string& value) {
    append_key(json, field.keyword);
    if (field.kind == FieldKind::Number) {
        json += value;
    } else {
        append_json_string(json, value);
    }
}

void append_highlights(std::string& json, const Query& query, const Hit& hit) {
    append_key(json, "highlights");
    json += '{';
    for (const auto& [field, value] : hit.values) {
        const auto pieces = highlight(*field, value, query);
        if (pieces.empty()) continue;
        append_key(json, field->keyword);
        json += '[';
        for (const Piece& piece : pieces) {
            json += json.back() == '[' ? R"({"text":)" : R"(,{"text":)";
            append_json_string(json, piece.text);
            json += piece.is_match ? R"(,"match":true})" : "}";
        }
        json += ']';
    }
    json += '}';
}

void append_counts(std::string& json, const Query& query, const Hit& hit) {
    if (query.level == Level::Study) {
        append_key(json, "ModalitiesInStudy");
        json += '[';
        for (const auto& modality : hit.modalities) {
            if (json.back() != '[') json += ',';
            append_json_string(json, modality);
        }
        json += ']';
        append_key(json, "NumberOfStudyRelatedSeries");
        json += std::to_string(hit.series);
        append_key(json, "NumberOfStudyRelatedInstances");
        json += std::to_string(hit.instances);
        return;
    }
    if (query.level == Level::Series) {
        append_key(json, "NumberOfSeriesRelatedInstances");
        json += std::to_string(hit.instances);
    }
    append_key(json, "imageSetId");
    append_json_string(json, hit.image_set_id);
}

void append_hit(std::string& json, const Query& query, const Hit& hit) {
    json += json.back() == '[' ? "{" : ",{";
    for (const auto& [field, value] : hit.values) append_value(json, *field, value);
    append_counts(json, query, hit);
    if (query.highlight) append_highlights(json, query, hit);
    json += '}';
}

void append_facet(std::string& json, const std::vector<FacetValue>& values) {
    json += '[';
    for (const FacetValue& one : values) {
        json += json.back() == '[' ? R"({"value":)" : R"(,{"value":)";
        append_json_string(json, one.value);
        json += R"(,"count":)" + std::to_string(one.count) + '}';
    }
    json += ']';
}

}  // namespace

std::string to_json(const Query& query, const Answer& answer) {
    std::string json = R"({"level":")" + std::string(name_of(query.level)) + R"(","total":{)";
    json += R"("value":)" + std::to_string(answer.total) + R"(,"relation":)";
    json += answer.total_is_exact ? R"("exact"},)" : R"("atLeast"},)";
    json += R"("hits":[)";
    for (const Hit& hit : answer.hits) append_hit(json, query, hit);
    json += R"(],"facets":{)";
    for (std::size_t i = 0; i < query.facets.size(); ++i) {
        append_key(json, query.facets[i].first->keyword);
        append_facet(json, answer.facets.at(i));
    }
    return json + "}}";
}

}  // namespace larmor::index::search
