#include "index/attribute_values.h"

#include <simdjson.h>

#include <algorithm>
#include <charconv>

namespace larmor::index {
namespace {

namespace ondemand = simdjson::ondemand;

/// Of eight hexadecimal digits and the quotation mark behind them. The text is padded, so that
/// a key which is shorter can be looked at too.
std::optional<dicom::Tag> tag_of(ondemand::raw_json_string key) {
    constexpr std::size_t kDigits = 8;
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(key.raw(), key.raw() + kDigits, number, 16);
    if (error != std::errc() || end != key.raw() + kDigits || *end != '"') return std::nullopt;
    return dicom::Tag::from(number);
}

/// A name: `Alphabetic=Ideographic=Phonetic`, without empty groups at the end.
void append_name(std::string& out, ondemand::object name) {
    std::array<std::string_view, 3> groups;
    constexpr std::array<std::string_view, 3> kNames = {"Alphabetic", "Ideographic",
                                                        "Phonetic"};
    for (auto field : name) {
        const std::string_view key = field.unescaped_key();
        const auto* const at = std::ranges::find(kNames, key);
        if (at != kNames.end()) {
            groups[static_cast<std::size_t>(at - kNames.begin())] = field.value().get_string();
        }
    }
    std::size_t count = groups.size();
    while (count > 0 && groups[count - 1].empty()) --count;
    for (std::size_t i = 0; i < count; ++i) {
        if (i > 0) out += '=';
        out += groups[i];
    }
}

/// False for an item of a sequence.
bool append_value(std::string& out, std::string_view vr, ondemand::value value) {
    switch (value.type()) {
        case ondemand::json_type::string:
            out += value.get_string().value();
            return true;
        case ondemand::json_type::number:
            // As it is written: DS and IS keep their digits.
            out += simdjson::trim(value.raw_json_token());
            return true;
        case ondemand::json_type::object:
            if (vr != "PN") return false;
            append_name(out, value.get_object());
            return true;
        default:
            return true;
    }
}

std::optional<std::string> text_of(ondemand::object attribute) {
    std::string_view vr;
    std::string text;
    for (auto field : attribute) {
        const ondemand::raw_json_string key = field.key();
        if (key.unsafe_is_equal("vr")) {
            vr = field.value().get_string();
        } else if (key.unsafe_is_equal("Value")) {
            bool first = true;
            for (auto value : field.value().get_array()) {
                if (!std::exchange(first, false)) text += '\\';
                if (!append_value(text, vr, value.value())) return std::nullopt;
            }
        }
    }
    if (text.empty()) return std::nullopt;
    return text;
}

/// `read` with the object that the text is.
template <typename Read>
Result<void> with_object(std::string& json, Read read) {
    // Its buffers serve one document after the other.
    thread_local ondemand::parser parser;
    json.reserve(json.size() + simdjson::SIMDJSON_PADDING);
    try {
        auto document = parser.iterate(json);
        read(document.get_object().value());
    } catch (const simdjson::simdjson_error& error) {
        return fail(ErrorCode::InvalidInput,
                    std::string("not the DICOM JSON model: ") + error.what());
    }
    return {};
}

}  // namespace

Result<Values> read_attribute_values(std::string& json, std::span<const dicom::Tag> tags) {
    Values values(tags.size());
    TRY_VOID(with_object(json, [&](ondemand::object object) {
        for (auto field : object) {
            const auto tag = tag_of(field.key());
            if (!tag) continue;
            // They rise, as everywhere where a file's attributes are read.
            if (tags.empty() || *tag > tags.back()) break;
            const auto at = std::ranges::lower_bound(tags, *tag);
            if (at == tags.end() || *at != *tag) continue;
            values[static_cast<std::size_t>(at - tags.begin())] =
                text_of(field.value().get_object());
        }
    }));
    return values;
}

Result<std::optional<std::string>> read_attribute_value(std::string& json) {
    std::optional<std::string> text;
    TRY_VOID(with_object(json, [&](ondemand::object attribute) { text = text_of(attribute); }));
    return text;
}

}  // namespace larmor::index
