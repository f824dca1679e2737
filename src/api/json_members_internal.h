#pragma once
#include <simdjson.h>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include "base/result.h"

namespace larmor::api {

// Members of JSON bodies, read strictly: errors name the member and what it may be.

namespace ondemand = simdjson::ondemand;

inline tl::unexpected<Error> not_an_object() {
    return fail(ErrorCode::InvalidInput, "the body is no JSON object");
}
inline tl::unexpected<Error> wrong_member_value(std::string_view name, std::string_view what) {
    return fail(ErrorCode::InvalidInput,
                "the member " + std::string(name) + " is " + std::string(what));
}
inline tl::unexpected<Error> unknown_member(std::string_view name) {
    return fail(ErrorCode::InvalidInput,
                "the member " + std::string(name.substr(0, 40)) + " is not known here");
}

/// Calls `take(name, value)`, which gives a Result<void>, for each member.
template <typename F>
Result<void> for_each_member(ondemand::object object, F take) {
    for (auto field : object) {
        std::string_view key;
        ondemand::value value;
        if (field.unescaped_key().get(key) || field.value().get(value)) return not_an_object();
        TRY_VOID(take(std::string(key), value));
    }
    return {};
}
/// The same for the body of a request.
template <typename F>
Result<void> for_each_member(std::string_view json, F take) {
    const simdjson::padded_string padded(json);
    ondemand::parser parser;
    ondemand::document document;
    ondemand::object object;
    if (parser.iterate(padded).get(document) || document.get_object().get(object)) {
        return not_an_object();
    }
    TRY_VOID(for_each_member(object, take));
    const char* behind = nullptr;
    if (!document.current_location().get(behind)) return not_an_object();
    return {};
}

inline Result<std::string> text_member(std::string_view name, ondemand::value value) {
    std::string_view text;
    if (value.get_string().get(text)) return wrong_member_value(name, "a text");
    return std::string(text);
}
inline Result<bool> bool_member(std::string_view name, ondemand::value value) {
    bool is = false;
    if (value.get_bool().get(is)) return wrong_member_value(name, "true or false");
    return is;
}
template <typename T = std::int64_t>
Result<T> number_member(std::string_view name, ondemand::value value) {
    std::int64_t number = 0;
    if (value.get_int64().get(number) || number < std::numeric_limits<T>::min() ||
        (number > 0 && static_cast<std::uint64_t>(number) > std::numeric_limits<T>::max())) {
        return wrong_member_value(name, "a whole number");
    }
    return static_cast<T>(number);
}
/// Seconds, also parts of one.
inline Result<std::chrono::microseconds> seconds_member(std::string_view name,
                                                        ondemand::value value) {
    constexpr double kMax = 1e9;  // far beyond every limit, and no overflow
    double seconds = 0;
    if (value.get_double().get(seconds) || !(seconds >= 0 && seconds <= kMax)) {
        return wrong_member_value(name, "a number of seconds from 0");
    }
    return std::chrono::microseconds(std::llround(seconds * 1e6));
}
/// `read(element)`, which gives a Result<void>, for each element of an array; at most
/// `count_max`.
template <typename F>
Result<void> for_each_element(std::string_view name, ondemand::value value,
                              std::size_t count_max, F read) {
    ondemand::array array;
    const std::string what = "an array of at most " + std::to_string(count_max);
    if (value.get_array().get(array)) return wrong_member_value(name, what);
    std::size_t count = 0;
    for (auto element : array) {
        ondemand::value each;
        if (element.get(each) || ++count > count_max) return wrong_member_value(name, what);
        TRY_VOID(read(each));
    }
    return {};
}

}  // namespace larmor::api
