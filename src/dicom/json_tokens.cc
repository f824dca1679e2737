#include "dicom/json_tokens_internal.h"

namespace larmor::dicom {

std::string JsonTokens::place() const {
    std::string pointer;
    for (const Step* step = innermost_; step != nullptr; step = step->outer_) {
        pointer.insert(0,
                       step->index_ ? std::to_string(*step->index_) : std::string(step->name_));
        pointer.insert(0, 1, '/');
    }
    return "JSON pointer \"" + pointer + "\"";
}

tl::unexpected<Error> JsonTokens::invalid(std::string what) const {
    return fail(ErrorCode::InvalidInput, std::move(what) + " at " + place());
}

tl::unexpected<Error> JsonTokens::over_limit(std::size_t data_set_max_bytes) const {
    return fail(
        ErrorCode::LimitExceeded,
        "a data set over " + std::to_string(data_set_max_bytes) + " bytes at " + place());
}

Result<std::string_view> JsonTokens::read_string(simdjson::ondemand::value text) const {
    simdjson::ondemand::json_type type{};
    TRY_VOID(take(text.type(), type));
    if (type != simdjson::ondemand::json_type::array) return content_of(std::move(text));
    simdjson::ondemand::array texts;
    TRY_VOID(take(text.get_array(), texts));
    std::optional<std::string_view> first;
    for (auto next : texts) {
        if (first) return invalid("more than one value");
        simdjson::ondemand::value one;
        TRY_VOID(take(std::move(next), one));
        TRY(first, content_of(std::move(one)));
    }
    return first.value_or("");
}

}  // namespace larmor::dicom
