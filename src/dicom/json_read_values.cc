#include <array>

#include "dicom/json_read_value.h"
#include "dicom/json_read_values_internal.h"
#include "dicom/values.h"

namespace larmor::dicom {
namespace {

using simdjson::ondemand::json_type;
using simdjson::ondemand::object;
using simdjson::ondemand::value;

Result<void> append_name(std::string& out, object groups, JsonTokens& tokens) {
    constexpr std::array<std::string_view, 3> kNames{"Alphabetic", "Ideographic", "Phonetic"};
    std::array<std::string_view, 3> texts{};
    for (auto next : groups) {
        TRY(const auto key, tokens.name_of(next));
        std::size_t i = 0;
        while (i < kNames.size() && !(key == kNames[i])) ++i;
        if (i == kNames.size()) {
            return tokens.invalid("an unknown component group of a name");
        }
        const JsonTokens::Step step(tokens, kNames[i]);
        value group;
        TRY_VOID(tokens.take(next.value(), group));
        bool is_null = false;
        TRY_VOID(tokens.take(group.is_null(), is_null));
        if (is_null) continue;
        TRY(texts[i], tokens.content_of(std::move(group)));
        if (texts[i].find('=') != std::string_view::npos) {
            return tokens.invalid("a delimiter of component groups");
        }
    }
    out += texts[0];
    if (!texts[1].empty() || !texts[2].empty()) (out += '=') += texts[1];
    if (!texts[2].empty()) (out += '=') += texts[2];
    return {};
}

Result<void> append_value(std::string& out, value item, Vr vr, JsonTokens& tokens,
                          const JsonReadOptions& options) {
    JsonScalar scalar;
    json_type type{};
    TRY_VOID(tokens.take(item.type(), type));
    switch (type) {
        case json_type::null: {
            bool is_null = false;
            TRY_VOID(tokens.take(item.is_null(), is_null));
            if (!is_null) return tokens.invalid("a literal that is none");
            if (is_json_text(vr)) return {};
            return tokens.invalid("null for a number of fixed size");
        }
        case json_type::string: {
            TRY(scalar.text, tokens.content_of(std::move(item)));
            break;
        }
        case json_type::number: {
            scalar.is_number = true;
            std::string_view token = item.raw_json_token();
            // Checked as JSON by reading it; what counts are its digits.
            double number = 0;
            TRY_VOID(tokens.take(item.get_double(), number));
            while (!token.empty() && static_cast<unsigned char>(token.back()) <= ' ') {
                token.remove_suffix(1);
            }
            scalar.text = token;
            break;
        }
        case json_type::object: {
            if (vr != vr::PN) return tokens.invalid("an object as value");
            object groups;
            TRY_VOID(tokens.take(item.get_object(), groups));
            return append_name(out, std::move(groups), tokens);
        }
        default:
            return tokens.invalid("a value that is neither number, string nor null");
    }
    auto done = append_json_value(out, scalar, vr, options.long_decimals);
    if (!done) return tokens.invalid(std::move(done.error().message));
    return {};
}

}  // namespace

Result<void> append_json_values(std::string& out, simdjson::ondemand::array values, Vr vr,
                                JsonTokens& tokens, const JsonReadOptions& options,
                                std::size_t room_bytes) {
    if (is_binary(vr)) return tokens.invalid("Value for a vr that has InlineBinary");
    std::size_t index = 0;
    for (auto next : values) {
        const JsonTokens::Step step(tokens, index);
        value item;
        TRY_VOID(tokens.take(std::move(next), item));
        if (index > 0) {
            if (is_json_text(vr) && !splits_at_backslash(vr)) {
                return tokens.invalid("a second value for VR " + to_string(vr));
            }
            if (is_json_text(vr)) out += '\\';
        }
        ++index;
        TRY_VOID(append_value(out, std::move(item), vr, tokens, options));
        if (out.size() > room_bytes) return tokens.over_limit(options.data_set_max_bytes);
    }
    return {};
}

}  // namespace larmor::dicom
