#include "index/search/opensearch/query_json.h"

#include "base/json_text.h"
#include "dicom/tags.h"

namespace larmor::index::search::opensearch {
namespace {

namespace tags = dicom::tags;

constexpr std::string_view kStudyKey = "StudyInstanceUID";
/// Up to here the engine counts studies exactly. Source: cardinality aggregation.
constexpr std::string_view kCountStudies =
    R"({"cardinality":{"field":"StudyInstanceUID","precision_threshold":40000}})";

std::string name(std::string_view keyword) {
    return '"' + std::string(keyword) + '"';
}

std::string value_json(const Field& field, const std::string& value) {
    return field.kind == FieldKind::Number ? value : to_json_string(value);
}

std::string beginning(std::string_view field, const std::string& word) {
    return R"({"prefix":{)" + name(field) + R"(:{"value":)" + to_json_string(word) + "}}}";
}

class Writing {
public:
    explicit Writing(const Query& query) : query_(query) {}

    Result<std::string> write() {
        if (query_.level == Level::Instance) {
            return fail(ErrorCode::Unsupported,
                        "the member level is instance: documents of OpenSearch are of series; "
                        "ask for series, and for their instances by QIDO-RS");
        }
        TRY_VOID(check_instance_conditions());
        json_ = R"({"from":)" + std::to_string(query_.offset) + R"(,"size":)" +
                std::to_string(query_.limit);
        append_total();
        append_source();
        append_filter();
        append_sort();
        append_aggregations();
        return std::move(json_) + '}';
    }

private:
    /// A document has all UIDs and classes of its instances, but not which belong together.
    Result<void> check_instance_conditions() const {
        std::size_t conditions = 0;
        const auto check = [&](const Field& field, bool is_range) -> Result<void> {
            if (field.level != Level::Instance) return {};
            const bool is_kept =
                field.tag == tags::SOPInstanceUID || field.tag == tags::SOPClassUID;
            if (is_kept && !is_range && ++conditions == 1) return {};
            return fail(ErrorCode::Unsupported,
                        "the member " + std::string(is_range ? "ranges." : "filters.") +
                            std::string(field.keyword) +
                            " is of instances: of these OpenSearch is asked for one of "
                            "SOPInstanceUID and SOPClassUID only");
        };
        for (const auto& filter : query_.filters) TRY_VOID(check(*filter.field, false));
        for (const auto& range : query_.ranges) TRY_VOID(check(*range.field, true));
        return {};
    }

    void append_total() {
        json_ += R"(,"track_total_hits":)";
        // Of studies the documents are no count.
        json_ += query_.level == Level::Study ? "false" : std::to_string(query_.total_up_to);
        if (query_.level == Level::Study)
            json_ += R"(,"collapse":{"field":"StudyInstanceUID"})";
    }

    void append_source() {
        json_ += R"(,"_source":{"includes":["image_set_id","instances")";
        for (const Field& field : fields_of_sets()) {
            if (field.level <= query_.level) json_ += ',' + name(field.keyword);
        }
        json_ += "]}";
    }

    void append_filter() {
        json_ += R"(,"query":{"bool":{"filter":[{"term":{"is_shown":{"value":true}}})";
        for (const std::string& word : query_.words) {
            json_ += R"(,{"bool":{"minimum_should_match":1,"should":[)" +
                     beginning("patient_name", word) + ',' + beginning("physician_name", word) +
                     ',' + beginning("other", word) + "]}}";
        }
        for (const Filter& filter : query_.filters) append_filter(filter);
        for (const Range& range : query_.ranges) append_range(range);
        json_ += "]}}";
    }
    void append_filter(const Filter& filter) {
        if (filter.field->kind == FieldKind::Name) {
            const bool is_patient = filter.field->tag == tags::PatientName;
            for (const std::string& word : filter.values) {
                json_ += ',' + beginning(is_patient ? "patient_name" : "physician_name", word);
            }
            return;
        }
        json_ += R"(,{"terms":{)" + name(filter.field->keyword) + ":[";
        for (const std::string& value : filter.values) {
            if (json_.back() != '[') json_ += ',';
            json_ += value_json(*filter.field, value);
        }
        json_ += "]}}";
    }
    void append_range(const Range& range) {
        const std::string field = name(range.field->keyword);
        if (!range.from && !range.to) {
            json_ += R"(,{"exists":{"field":)" + field + "}}";
            return;
        }
        json_ += R"(,{"range":{)" + field + ":{";
        if (range.from) json_ += R"("gte":)" + value_json(*range.field, *range.from);
        if (range.from && range.to) json_ += ',';
        if (range.to) json_ += R"("lte":)" + value_json(*range.field, *range.to);
        json_ += "}}}";
    }

    void append_sort() {
        json_ += R"(,"sort":[)";
        const auto add = [&](std::string_view keyword, bool is_descending) {
            if (json_.back() != '[') json_ += ',';
            json_ += '{' + name(keyword) + R"(:{"order":)" +
                     (is_descending ? R"("desc")" : R"("asc")") + R"(,"missing":"_last"}})";
        };
        for (const Sort& sort : query_.sort) add(sort.field->keyword, sort.is_descending);
        if (query_.sort.empty()) {
            add("StudyDate", true);
            add("StudyTime", true);
        }
        add(kStudyKey, false);
        if (query_.level == Level::Series) add("SeriesInstanceUID", false);
        json_ += ']';
    }

    void append_aggregations() {
        json_ += R"(,"aggs":{)";
        const bool of_studies = query_.level == Level::Study;
        if (of_studies) json_.append(R"("studies":)").append(kCountStudies);
        for (const auto& [field, values_max] : query_.facets) {
            if (json_.back() != '{') json_ += ',';
            json_ += name(field->keyword) + R"(:{"terms":{"field":)" + name(field->keyword) +
                     R"(,"size":)" + std::to_string(values_max) + R"(,"order":[{")" +
                     (of_studies ? "studies" : "_count") + R"(":"desc"},{"_key":"asc"}]})";
            if (of_studies) json_.append(R"(,"aggs":{"studies":)").append(kCountStudies) += '}';
            json_ += '}';
        }
        json_ += '}';
    }

    const Query& query_;
    std::string json_;
};

}  // namespace

Result<std::string> query_json(const Query& query) {
    return Writing(query).write();
}

std::string studies_json(std::span<const std::string> study_uids) {
    std::string json =
        R"({"size":0,"track_total_hits":false,"query":{"bool":{"filter":[{"term":{"is_shown":)"
        R"({"value":true}}},{"terms":{"StudyInstanceUID":[)";
    for (const std::string& uid : study_uids) {
        if (json.back() != '[') json += ',';
        append_json_string(json, uid);
    }
    json += R"(]}}]}},"aggs":{"studies":{"terms":{"field":"StudyInstanceUID","size":)" +
            std::to_string(study_uids.size()) +
            R"(},"aggs":{"instances":{"sum":{"field":"instances"}},"modalities":{"terms":)"
            R"({"field":"Modality","size":100,"order":[{"_key":"asc"}]}}}}}})";
    return json;
}

}  // namespace larmor::index::search::opensearch
