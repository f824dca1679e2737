#include "index/search/opensearch/set_up.h"

#include <simdjson.h>

#include "base/json_text.h"
#include "index/search/field.h"

namespace larmor::index::search::opensearch {
namespace {

/// Rises when documents have other fields than before.
constexpr std::string_view kMappingVersion = "1";

void append_property(std::string& json, std::string_view name, std::string_view type) {
    if (json.back() != '{') json += ',';
    json.append(1, '"').append(name).append("\":").append(type);
}

/// Words are cut here, so every text is a keyword to the engine.
std::string mappings() {
    constexpr std::string_view kKeyword = R"({"type":"keyword"})";
    constexpr std::string_view kNumber = R"({"type":"long"})";
    constexpr std::string_view kFlag = R"({"type":"boolean"})";
    constexpr std::string_view kOnlySearched = R"({"type":"keyword","doc_values":false})";
    std::string json = R"({"dynamic":"strict","properties":{)";
    append_property(json, "datastore_id", kKeyword);
    append_property(json, "image_set_id", kKeyword);
    append_property(json, "version", kNumber);
    append_property(json, "is_deleted", kFlag);
    append_property(json, "is_shown", kFlag);
    append_property(json, "instances", kNumber);
    for (const Field& field : fields_of_sets()) {
        append_property(json, field.keyword,
                        field.kind == FieldKind::Number ? kNumber : kKeyword);
    }
    append_property(json, "SOPInstanceUID", kOnlySearched);
    append_property(json, "SOPClassUID", kKeyword);
    append_property(json, "patient_name", kOnlySearched);
    append_property(json, "physician_name", kOnlySearched);
    append_property(json, "other", kOnlySearched);
    return json + "}}";
}

std::string template_json(const std::string& alias) {
    // Of two aliases that begin alike the longer one's template counts: the engine refuses
    // patterns that overlap where priorities are equal. What is written is found after a
    // refresh.
    return R"({"index_patterns":[")" + alias + R"(-*"],"priority":)" +
           std::to_string(100 + alias.size()) +
           R"(,"template":{"settings":{"index":{"number_of_shards":1,)" +
           R"("refresh_interval":"500ms"}},"mappings":)" + mappings() + "}}";
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

/// Documents that came into the new one meanwhile stay where they are newer.
Result<void> copy_index(Requester& requester, const std::string& from, const std::string& to) {
    const std::string json = R"({"conflicts":"proceed","source":{"index":")" + from +
                             R"("},"dest":{"index":")" + to +
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
