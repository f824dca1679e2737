#include "catalog/deletion_json.h"

#include "base/json_text.h"

namespace larmor::catalog {

void append_deletion_json(std::string& json, const Deletion& deletion) {
    const std::pair<std::string_view, std::string> members[] = {
        {"study_instance_uid", deletion.study_instance_uid},
        {"series_instance_uid", deletion.series_instance_uid},
        {"sop_instance_uid", deletion.sop_instance_uid},
        {"patient_id", deletion.patient_id},
        {"deleted_by", deletion.deleted_by},
        {"deleted", to_iso8601(deletion.deleted)},
        {"expires", to_iso8601(deletion.expires)}};
    json += R"({"id":)";
    append_json_string(json, deletion.id);
    for (const auto& [key, value] : members) {
        if (value.empty()) continue;
        json += ',';
        append_json_string(json, key);
        json += ':';
        append_json_string(json, is_utf8(value) ? std::string_view(value) : "(no UTF-8)");
    }
    json += R"(,"instances":)" + std::to_string(deletion.number_of_instances);
    json += R"(,"purging":)";
    json += deletion.purging ? "true}" : "false}";
}

}  // namespace larmor::catalog
