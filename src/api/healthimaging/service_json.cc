#include "api/healthimaging/service_json.h"

#include <array>
#include <cstdio>

#include "api/problem.h"
#include "base/json_text.h"

namespace larmor::api {

std::string& ServiceObject::member(std::string_view name) {
    if (json_.size() > 1) json_ += ',';
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
    const auto since = std::chrono::floor<std::chrono::milliseconds>(value).time_since_epoch();
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%lld.%03lld",
                  static_cast<long long>(since.count() / 1000),
                  static_cast<long long>(since.count() % 1000));
    member(name) += text.data();
    return *this;
}

ServiceObject& ServiceObject::json(std::string_view name, std::string_view value) {
    member(name) += value;
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
