#include "api/healthimaging/service_json.h"

#include "api/problem.h"
#include "base/json_text.h"

namespace larmor::api {

std::string& ServiceObject::member(std::string_view name) {
    if (json_.back() != '{') json_ += ',';
    append_json_string(json_, name);
    return json_ += ':';
}

ServiceObject& ServiceObject::text(std::string_view name, std::string_view value) {
    append_json_string(member(name), value);
    return *this;
}

ServiceObject& ServiceObject::number(std::string_view name, std::int64_t value) {
    member(name) += std::to_string(value);
    return *this;
}

ServiceObject& ServiceObject::flag(std::string_view name, bool value) {
    member(name) += value ? "true" : "false";
    return *this;
}

ServiceObject& ServiceObject::time(std::string_view name, Time value) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(value);
    const auto rest = std::chrono::floor<std::chrono::milliseconds>(value - seconds);
    auto& json = member(name) += std::to_string(seconds.time_since_epoch().count());
    json += '.';
    // Its leading one makes room for zeros.
    json += std::string_view(std::to_string(1000 + rest.count())).substr(1);
    return *this;
}

ServiceObject& ServiceObject::json(std::string_view name, std::string_view value) {
    member(name) += value;
    return *this;
}

ServiceObject& ServiceObject::open(std::string_view name) {
    member(name) += '{';
    return *this;
}

ServiceObject& ServiceObject::close() {
    json_ += '}';
    return *this;
}

ServiceObject& ServiceObject::text_if_any(std::string_view name, std::string_view value) {
    return value.empty() ? *this : text(name, value);
}

const events::Source& service_source() {
    static const events::Source source;
    return source;
}

std::string datastore_arn(std::string_view datastore_id) {
    const auto& source = service_source();
    return "arn:aws:medical-imaging:" + source.region + ":" + source.account + ":datastore/" +
           std::string(datastore_id);
}

http::Response service_answer(std::string json) {
    return private_json(std::move(json));
}

}  // namespace larmor::api
