#include "index/search/opensearch/set_up.h"

#include <simdjson.h>

#include "base/json_text.h"
#include "index/search/field.h"
#include "index/search/opensearch/conditions_json.h"

namespace larmor::index::search::opensearch {
namespace {

/// Rises when documents have other fields than before.
constexpr std::string_view kMappingVersion = "2";
/// Of a document; the engine's own limit is 10,000.
constexpr int kInstancesMax = 1'000'000;

using Properties = std::vector<std::pair<std::string_view, std::string>>;

constexpr const char* kKeyword = R"({"type":"keyword"})";
constexpr const char* kNumber = R"({"type":"long"})";

/// Words are cut here, so every text is a keyword to the engine.
void append_fields(Properties& properties, std::span<const Field> fields) {
    for (const Field& field : fields) {
        properties.emplace_back(field.keyword,
                                field.kind == FieldKind::Number ? kNumber : kKeyword);
    }
}

std::string to_json(const Properties& properties) {
    std::string json = R"("properties":{)";
    for (const auto& [name, type] : properties) {
        if (json.back() != '{') json += ',';
        json.append(1, '"').append(name).append("\":").append(type);
    }
    return json + '}';
}

/// What a document has.
Properties properties_of_documents() {
    constexpr const char* kFlag = R"({"type":"boolean"})";
    constexpr const char* kOnlySearched = R"({"type":"keyword","doc_values":false})";
    Properties properties = {{"datastore_id", kKeyword}, {"image_set_id", kKeyword},
                             {"version", kNumber},       {"is_deleted", kFlag},
                             {"is_shown", kFlag},        {"instances", kNumber}};
    append_fields(properties, fields_of_sets());
    properties.insert(properties.end(), {{"patient_name", kOnlySearched},
                                         {"physician_name", kOnlySearched},
                                         {"other", kOnlySearched}});
    Properties of_instances;
    append_fields(of_instances, fields_of(Level::Instance));
    // Each an object of its own, so that what is asked of instances holds for one of them.
    properties.emplace_back(kInstancePath,
                            R"({"type":"nested",)" + to_json(of_instances) + '}');
    return properties;
}

std::string template_json(const std::string& alias) {
    // Of two aliases that begin alike the longer one's template counts: the engine refuses
    // patterns that overlap where priorities are equal. What is written is found after a
    // refresh.
    return R"({"index_patterns":[")" + alias + R"(-*"],"priority":)" +
           std::to_string(100 + alias.size()) +
           R"(,"template":{"settings":{"index":{"number_of_shards":1,)" +
           R"("refresh_interval":"500ms","mapping":{"nested_objects":{"limit":)" +
           std::to_string(kInstancesMax) + R"(}}}},"mappings":{"dynamic":"strict",)" +
           to_json(properties_of_documents()) + "}}}";
}

/// Which indices the alias stands for.
Result<std::vector<std::string>> indices_of(Requester& requester, const std::string& alias) {
    TRY(const auto response, requester.send({.method = "GET", .target = "/_alias/" + alias}));
    std::vector<std::string> names;
    if (response.status == 404) return names;
    simdjson::dom::parser parser;
    simdjson::dom::object indices;
    if (response.status != 200 || parser.parse(response.body).get(indices)) {
        return fail(ErrorCode::Unavailable, "OpenSearch tells nothing of the alias " + alias);
    }
    for (const auto [name, aliases] : indices) names.emplace_back(name);
    return names;
}

Result<void> make_index(Requester& requester, const std::string& index) {
    TRY(const auto response, requester.send({.method = "PUT", .target = "/" + index}));
    if (response.status == 200) return {};
    const std::string kind = kind_of_error(response.body);
    // By another process, or by one that was stopped before it moved the alias.
    if (kind == "resource_already_exists_exception") return {};
    return fail(ErrorCode::InvalidInput, "OpenSearch makes no index " + index + ": status " +
                                             std::to_string(response.status) + " " + kind);
}

Result<void> move_alias(Requester& requester, const std::string& alias, const std::string& from,
                        const std::string& to) {
    std::string json = R"({"actions":[)";
    if (!from.empty()) {
        json += R"({"remove":{"index":")" + from + R"(","alias":")" + alias + R"("}},)";
    }
    json += R"({"add":{"index":")" + to + R"(","alias":")" + alias + R"("}}]})";
    return requester.expect({.method = "POST", .target = "/_aliases", .body = json})
        .map([](const std::string&) {});
}

/// Documents that came into the new one meanwhile stay where they are newer. What an older
/// mapping had and this one has not stays behind.
Result<void> copy_index(Requester& requester, const std::string& from, const std::string& to) {
    std::string kept;
    for (const auto& [name, type] : properties_of_documents()) {
        if (!kept.empty()) kept += ',';
        append_json_string(kept, name);
    }
    const std::string json = R"({"conflicts":"proceed","source":{"index":")" + from +
                             R"(","_source":[)" + kept + R"(]},"dest":{"index":")" + to +
                             R"(","version_type":"external"}})";
    // It copies what searches find.
    TRY_VOID(requester.expect({.method = "GET", .target = "/" + from + "/_refresh"})
                 .map([](const std::string&) {}));
    return requester
        .expect({.method = "POST",
                 .target = "/_reindex?wait_for_completion=true&refresh=true",
                 .body = json})
        .map([](const std::string&) {});
}

}  // namespace

Result<void> set_up(Requester& requester) {
    const std::string& alias = requester.address().alias;
    const std::string index = alias + "-" + std::string(kMappingVersion);
    TRY_VOID(requester
                 .expect({.method = "POST",
                          .target = "/_index_template/" + alias,
                          .body = template_json(alias)})
                 .map([](const std::string&) {}));
    TRY(const auto indices, indices_of(requester, alias));
    if (indices.size() > 1) {
        return fail(ErrorCode::Conflict,
                    "the alias " + alias + " stands for several indices: leave it the newest");
    }
    if (!indices.empty() && indices.front() == index) return {};
    TRY_VOID(make_index(requester, index));
    if (indices.empty()) return move_alias(requester, alias, "", index);
    TRY_VOID(copy_index(requester, indices.front(), index));
    return move_alias(requester, alias, indices.front(), index);
}

}  // namespace larmor::index::search::opensearch
