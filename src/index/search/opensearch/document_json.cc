#include "index/search/opensearch/document_json.h"

#include <set>

#include "base/json_text.h"
#include "dicom/tags.h"

namespace larmor::index::search::opensearch {
namespace {

/// Of one epoch: more events than a library makes in a thousand years.
constexpr int kSequenceBits = 44;

void append_key(std::string& json, std::string_view name) {
    json.append(",\"").append(name).append("\":");
}

template <typename Texts>
void append_list(std::string& json, std::string_view name, const Texts& texts) {
    if (texts.empty()) return;
    append_key(json, name);
    json += '[';
    for (const auto& text : texts) {
        if (json.back() != '[') json += ',';
        append_json_string(json, text);
    }
    json += ']';
}

void append_instances(std::string& json, const ImageSetDocument& document) {
    std::vector<std::string_view> uids;
    std::set<std::string> classes;
    uids.reserve(document.instances.size());
    for (const InstanceDocument& instance : document.instances) {
        uids.push_back(instance.sop_instance_uid);
        const Values row = make_instance_row(document, instance);
        const auto& sop_class = row.at(1);
        if (sop_class) classes.insert(*sop_class);
    }
    append_list(json, "SOPInstanceUID", uids);
    append_list(json, "SOPClassUID", classes);
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
    const auto kept = fields_of_sets();
    for (std::size_t i = 0; i < kept.size(); ++i) {
        if (!row.values[i]) continue;
        append_key(json, kept[i].keyword);
        if (kept[i].kind == FieldKind::Number) {
            json += *row.values[i];
        } else {
            append_json_string(json, *row.values[i]);
        }
    }
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
