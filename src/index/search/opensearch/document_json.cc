#include "index/search/opensearch/document_json.h"

#include "base/json_text.h"
#include "index/search/opensearch/conditions_json.h"

namespace larmor::index::search::opensearch {
namespace {

/// Of one epoch: more events than a library makes in a thousand years.
constexpr int kSequenceBits = 44;

void append_key(std::string& json, std::string_view name) {
    json += json.back() == '{' ? "\"" : ",\"";
    json.append(name).append("\":");
}

void append_list(std::string& json, std::string_view name,
                 const std::vector<std::string>& texts) {
    if (texts.empty()) return;
    append_key(json, name);
    json += '[';
    for (const auto& text : texts) {
        if (json.back() != '[') json += ',';
        append_json_string(json, text);
    }
    json += ']';
}

/// The fields that have values.
void append_values(std::string& json, std::span<const Field> kept, const Values& values) {
    for (std::size_t i = 0; i < kept.size(); ++i) {
        if (!values[i]) continue;
        append_key(json, kept[i].keyword);
        if (kept[i].kind == FieldKind::Number) {
            json += *values[i];
        } else {
            append_json_string(json, *values[i]);
        }
    }
}

void append_instances(std::string& json, const ImageSetDocument& document) {
    append_key(json, kInstancePath);
    json += '[';
    for (const InstanceDocument& instance : document.instances) {
        json += json.back() == '[' ? "{" : ",{";
        append_values(json, fields_of(Level::Instance), make_instance_row(document, instance));
        json += '}';
    }
    json += ']';
}

}  // namespace

std::string document_json(const ImageSetDocument& document, const SetRow& row) {
    std::string json = R"({"datastore_id":)" + to_json_string(document.datastore_id);
    append_key(json, "image_set_id");
    append_json_string(json, document.image_set_id);
    append_key(json, "version");
    json += std::to_string(document.version);
    append_key(json, "is_deleted");
    json += document.is_deleted ? "true" : "false";
    append_key(json, "is_shown");
    json += row.is_shown ? "true" : "false";
    if (!row.is_shown) return json + '}';
    append_key(json, "instances");
    json += std::to_string(document.instances.size());
    append_values(json, fields_of_sets(), row.values);
    append_list(json, "patient_name", row.patient_name);
    append_list(json, "physician_name", row.physician_name);
    append_list(json, "other", row.words);
    append_instances(json, document);
    return json + '}';
}

std::int64_t external_version(const events::Position& position) {
    return (position.epoch << kSequenceBits) + position.sequence;
}

}  // namespace larmor::index::search::opensearch
