#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "catalog/records.h"
#include "events/event.h"
#include "http/message.h"

namespace larmor::api {

/// An object of restJson1 that grows member by member: texts, numbers, times in seconds since
/// 1970 with their milliseconds.
class ServiceObject {
public:
    ServiceObject() : ServiceObject(std::string()) {}
    /// In the memory of a text that is no longer needed.
    explicit ServiceObject(std::string&& used) : json_(std::move(used)) { json_ = '{'; }

    ServiceObject& text(std::string_view name, std::string_view value);
    ServiceObject& number(std::string_view name, std::int64_t value);
    ServiceObject& flag(std::string_view name, bool value);
    ServiceObject& time(std::string_view name, Time value);
    /// `value` is JSON.
    ServiceObject& json(std::string_view name, std::string_view value);
    /// Nothing for an empty text: what is absent is left out.
    ServiceObject& text_if_any(std::string_view name, std::string_view value);
    /// Begins a member that is an object: what follows belongs to it, until `close`.
    ServiceObject& open(std::string_view name);
    ServiceObject& close();
    std::string take() { return std::move(json_) + '}'; }

private:
    std::string& member(std::string_view name);
    std::string json_;
};

/// `[a,b]` of JSON values, added one by one.
class ServiceList {
public:
    void add(std::string_view value) {
        json_ += json_.size() == 1 ? "" : ",";
        json_ += value;
    }
    std::string take() { return std::move(json_) + ']'; }

private:
    std::string json_ = "[";
};

/// Who we are in ARNs: as in events.
const events::Source& service_source();
std::string datastore_arn(std::string_view datastore_id);

/// An answer that no cache may keep.
http::Response service_answer(std::string json);

}  // namespace larmor::api
