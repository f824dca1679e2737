#include "base/json_text.h"
#include "events/event_log.h"

namespace larmor::events {

std::string to_envelope(const StoredEvent& event, const Source& source) {
    // EventBridge gives whole seconds.
    std::string time = to_iso8601(event.time);
    if (const auto dot = time.find('.'); dot != std::string::npos) time.replace(dot, 4, "");

    std::string json = R"({"version":"0","id":)";
    append_json_string(json, event.id);
    json += R"(,"detail-type":)";
    append_json_string(json, event.detail_type);
    json += R"(,"source":)";
    append_json_string(json, event.source.empty() ? source.source : event.source);
    json += R"(,"account":)";
    append_json_string(json, source.account);
    json += R"(,"time":)";
    append_json_string(json, time);
    json += R"(,"region":)";
    append_json_string(json, source.region);
    json += R"(,"resources":[)";
    if (!event.resource.empty()) append_json_string(json, event.resource);
    json += R"(],"detail":)";
    json += event.detail;
    json += '}';
    return json;
}

std::string image_set_arn(const Source& source, std::string_view datastore_id,
                          std::string_view image_set_id) {
    std::string arn = "arn:aws:medical-imaging:" + source.region + ":" + source.account;
    arn += ":datastore/";
    arn += datastore_id;
    arn += "/imageset/";
    arn += image_set_id;
    return arn;
}

}  // namespace larmor::events
