#include "ingest/result_json.h"

#include "base/json_text.h"

namespace larmor::ingest {
namespace {

void append_member(std::string& json, std::string_view key, std::string_view value) {
    if (value.empty()) return;
    if (json.back() != '{') json += ',';
    append_json_string(json, key);
    json += ':';
    append_json_string(json, is_utf8(value) ? value : "(no UTF-8)");
}

}  // namespace

void append_result_members(std::string& json, const ImportResult& result) {
    append_member(json, "outcome", name_of(result.outcome));
    append_member(json, "study_instance_uid", result.study_instance_uid);
    append_member(json, "series_instance_uid", result.series_instance_uid);
    append_member(json, "sop_class_uid", result.sop_class_uid);
    append_member(json, "sop_instance_uid", result.sop_instance_uid);
    append_member(json, "image_set_id", result.image_set_id);
    json += R"(,"size_bytes":)" + std::to_string(result.size_bytes);
}

std::string result_line(const std::string& name, const ImportResult& result) {
    std::string json = R"({"file":)";
    append_json_string(json, is_utf8(name) ? name : "(no UTF-8)");
    append_result_members(json, result);
    if (result.error) {
        const auto& reason = result.error->message;
        json += R"(,"reason":)";
        append_json_string(json, is_utf8(reason) ? reason : "(no UTF-8)");
    }
    return json + "}";
}

std::optional<Outcome> parse_outcome(std::string_view name) {
    for (const auto outcome : {Outcome::Stored, Outcome::Duplicate, Outcome::Alternate,
                               Outcome::Conflict, Outcome::Rejected}) {
        if (name_of(outcome) == name) return outcome;
    }
    return std::nullopt;
}

}  // namespace larmor::ingest
