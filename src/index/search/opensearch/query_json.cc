#include "index/search/opensearch/query_json.h"

#include "base/json_text.h"
#include "dicom/tags.h"
#include "index/search/opensearch/conditions_json.h"

namespace larmor::index::search::opensearch {
namespace {

namespace tags = dicom::tags;

/// Up to here the engine counts studies exactly. Source: cardinality aggregation.
constexpr std::string_view kCountStudies =
    R"("studies":{"cardinality":{"field":"StudyInstanceUID","precision_threshold":40000}})";

std::string name(std::string_view keyword) {
    return '"' + std::string(keyword) + '"';
}

class Writing {
public:
    explicit Writing(const Query& query) : query_(query) {}

    std::string write() {
        json_ = R"({"from":)" + std::to_string(query_.offset) + R"(,"size":)" +
                std::to_string(query_.limit) + R"(,"track_total_hits":)";
        // Of studies the documents are no count.
        json_ += asks_studies() ? "false" : std::to_string(query_.total_up_to);
        if (asks_studies()) json_ += R"(,"collapse":{"field":"StudyInstanceUID"})";
        append_query();
        append_aggregations();
        return std::move(json_) + '}';
    }

    std::string write(const DocumentPage& page) {
        json_ = R"({"size":)" + std::to_string(page.size) + R"(,"track_total_hits":false)";
        if (!page.after.empty()) json_ += R"(,"search_after":)" + page.after;
        append_query();
        if (page.has_counts) append_aggregations();
        return std::move(json_) + '}';
    }

private:
    bool asks_studies() const { return query_.level == Level::Study; }
    bool asks_instances() const { return query_.level == Level::Instance; }

    void append_query() {
        json_ += R"(,"_source":{"includes":["image_set_id","instances")";
        for (const Field& field : fields_of_sets()) {
            if (field.level <= query_.level) json_ += ',' + name(field.keyword);
        }
        if (asks_instances()) json_ += ',' + name(kInstancePath);
        json_ += R"(]},"query":)" + conditions_json(query_) + R"(,"sort":[)";
        for (const Sort& sort : order_of_documents(query_)) append_sort(sort);
        if (asks_instances()) {
            // What comes behind a document is then known, whatever is equal.
            json_ += R"(,{"image_set_id":{"order":"asc","missing":"_last"}})";
        }
        json_ += ']';
    }

    void append_sort(const Sort& sort) {
        if (json_.back() != '[') json_ += ',';
        json_ += '{' + name(name_in_document(*sort.field)) + R"(:{"order":)" +
                 (sort.is_descending ? R"("desc")" : R"("asc")") + R"(,"missing":"_last")";
        if (sort.field->level == Level::Instance) {
            json_ += R"(,"mode":)";
            json_ += sort.is_descending ? R"("max")" : R"("min")";
            json_ += R"(,"nested":{"path":)" + name(kInstancePath) + R"(,"filter":)" +
                     instance_conditions_json(query_) + '}';
        }
        json_ += "}}";
    }

    /// `order` is what counts the hits of a bucket, which `counts` makes.
    static std::string facet(const Field& field, std::size_t values_max, std::string_view order,
                             const std::string& counts) {
        std::string json = name(field.keyword) + R"(:{"terms":{"field":)" +
                           name(name_in_document(field)) + R"(,"size":)" +
                           std::to_string(values_max) + R"(,"order":[{)" + name(order) +
                           R"(:"desc"},{"_key":"asc"}]})";
        if (!counts.empty()) json += R"(,"aggs":{)" + counts + '}';
        return json + '}';
    }

    /// Counts instances that match; `facets` are counted over them.
    std::string matching(const std::string& facets) const {
        std::string json = R"("instances":{"nested":{"path":)" + name(kInstancePath) +
                           R"(},"aggs":{"matching":{"filter":)" +
                           instance_conditions_json(query_);
        if (!facets.empty()) json += R"(,"aggs":{)" + facets + '}';
        return json + "}}}";
    }

    void append_aggregations() {
        std::string of_documents;
        std::string of_instances;
        for (const auto& [field, values_max] : query_.facets) {
            const bool is_inside = field->level == Level::Instance;
            std::string& facets = is_inside ? of_instances : of_documents;
            if (!facets.empty()) facets += ',';
            if (asks_studies()) {
                facets += facet(*field, values_max, "studies", std::string(kCountStudies));
            } else if (asks_instances() && !is_inside) {
                facets += facet(*field, values_max, "instances>matching", matching(""));
            } else {
                facets += facet(*field, values_max, "_count", "");
            }
        }
        std::string all;
        if (asks_studies()) all = kCountStudies;
        if (asks_instances()) all = matching(of_instances);
        if (!all.empty() && !of_documents.empty()) all += ',';
        json_ += R"(,"aggs":{)" + all + of_documents + '}';
    }

    const Query& query_;
    std::string json_;
};

}  // namespace

std::vector<Sort> order_of_documents(const Query& query) {
    std::vector<Sort> order = query.sort;
    if (order.empty()) {
        order = {{&known_field(tags::StudyDate), true}, {&known_field(tags::StudyTime), true}};
    }
    order.push_back({&known_field(tags::StudyInstanceUID), false});
    if (query.level > Level::Study) {
        order.push_back({&known_field(tags::SeriesInstanceUID), false});
    }
    return order;
}

std::string query_json(const Query& query) {
    return Writing(query).write();
}

std::string instances_json(const Query& query, const DocumentPage& page) {
    return Writing(query).write(page);
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

std::string without_instances_json() {
    return R"({"size":0,"track_total_hits":1,"query":{"bool":{"filter":[{"term":{"is_shown":)"
           R"({"value":true}}},{"range":{"instances":{"gte":1}}}],"must_not":[{"nested":)"
           R"({"path":"instance","query":{"exists":{"field":"instance.SOPInstanceUID"}}}}]}}})";
}

}  // namespace larmor::index::search::opensearch
