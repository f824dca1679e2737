#include "index/search/opensearch/conditions_json.h"

#include <algorithm>

#include "base/json_text.h"
#include "dicom/tags.h"

namespace larmor::index::search::opensearch {
namespace {

std::string in_quotes(std::string_view name) {
    return '"' + std::string(name) + '"';
}

std::string value_json(const Field& field, const std::string& value) {
    return field.kind == FieldKind::Number ? value : to_json_string(value);
}

std::string beginning(std::string_view field, const std::string& word) {
    return R"({"prefix":{)" + in_quotes(field) + R"(:{"value":)" + to_json_string(word) + "}}}";
}

/// Conditions that all must hold.
class All {
public:
    void add(const std::string& condition) {
        if (!json_.empty()) json_ += ',';
        json_ += condition;
    }
    void add(const Filter& filter) {
        if (filter.field->kind == FieldKind::Name) {
            const bool is_patient = filter.field->tag == dicom::tags::PatientName;
            for (const std::string& word : filter.values) {
                add(beginning(is_patient ? "patient_name" : "physician_name", word));
            }
            return;
        }
        std::string values;
        for (const std::string& value : filter.values) {
            if (!values.empty()) values += ',';
            values += value_json(*filter.field, value);
        }
        add(R"({"terms":{)" + in_quotes(name_in_document(*filter.field)) + ":[" + values +
            "]}}");
    }
    void add(const Range& range) {
        const std::string field = in_quotes(name_in_document(*range.field));
        if (!range.from && !range.to) {
            add(R"({"exists":{"field":)" + field + "}}");
            return;
        }
        std::string ends;
        if (range.from) ends = R"("gte":)" + value_json(*range.field, *range.from);
        if (range.from && range.to) ends += ',';
        if (range.to) ends += R"("lte":)" + value_json(*range.field, *range.to);
        add(R"({"range":{)" + field + ":{" + ends + "}}}");
    }
    template <typename Takes>
    void add_where(const Query& query, Takes takes) {
        for (const Filter& filter : query.filters) {
            if (takes(*filter.field)) add(filter);
        }
        for (const Range& range : query.ranges) {
            if (takes(*range.field)) add(range);
        }
    }

    std::string json() const { return R"({"bool":{"filter":[)" + json_ + "]}}"; }

private:
    std::string json_;
};

}  // namespace

std::string name_in_document(const Field& field) {
    const std::string keyword(field.keyword);
    return is_of_instances(field) ? std::string(kInstancePath) + "." + keyword : keyword;
}

std::string conditions_json(const Query& query) {
    All all;
    all.add(R"({"term":{"is_shown":{"value":true}}})");
    for (const std::string& word : query.words) {
        all.add(R"({"bool":{"minimum_should_match":1,"should":[)" +
                beginning("patient_name", word) + ',' + beginning("physician_name", word) +
                ',' + beginning("other", word) + "]}}");
    }
    all.add_where(query, [](const Field& field) { return !is_of_instances(field); });
    const auto asks = [](const auto& one) { return is_of_instances(*one.field); };
    if (std::ranges::any_of(query.filters, asks) || std::ranges::any_of(query.ranges, asks)) {
        all.add(R"({"nested":{"path":)" + in_quotes(kInstancePath) + R"(,"query":)" +
                instance_conditions_json(query) + "}}");
    }
    return all.json();
}

std::string instance_conditions_json(const Query& query) {
    All all;
    all.add_where(query, is_of_instances);
    return all.json();
}

}  // namespace larmor::index::search::opensearch
