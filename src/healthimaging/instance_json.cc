#include "healthimaging/instance_json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/json_text.h"
#include "dicom/dictionary.h"
#include "dicom/tags.h"

namespace larmor::healthimaging {
namespace {

namespace ondemand = simdjson::ondemand;
namespace tags = dicom::tags;

std::optional<dicom::Tag> tag_of(std::string_view key) {
    std::uint32_t number = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), number, 16);
    if (key.size() != 8 || error != std::errc() || end != key.data() + key.size()) {
        return std::nullopt;
    }
    return dicom::Tag::from(number);
}

/// What GetImageFrame gives.
bool is_pixel_data(dicom::Tag tag) {
    return tag == tags::PixelData || tag == tags::FloatPixelData ||
           tag == tags::DoubleFloatPixelData || tag == tags::ExtendedOffsetTable ||
           tag == tags::ExtendedOffsetTableLengths;
}

/// How one attribute is written.
struct Naming {
    std::string key;
    bool is_single = true;     ///< multiplicity 1
    bool has_known_vr = true;  ///< the dictionary names it, and no other
};

Naming naming_of(dicom::Tag tag, std::string_view key) {
    const auto entry = tag.is_private() ? std::nullopt : dicom::find_entry(tag);
    if (!entry || entry->keyword.empty()) {
        return {.key = std::string(key), .is_single = true, .has_known_vr = false};
    }
    Naming naming{.key = std::string(entry->keyword),
                  .is_single = entry->vm == "1",
                  .has_known_vr = entry->choice == dicom::VrChoice::Fixed};
    // 60xx and 50xx have one keyword for all: the tag tells them apart.
    if (entry->tag != tag) {
        naming.key = key;
        naming.has_known_vr = false;
    }
    return naming;
}

class Writer {
public:
    /// One attribute of a data set; `vrs` gets the VRs that the dictionary does not tell.
    void write(std::string& out, std::string& vrs, dicom::Tag tag, std::string_view key,
               ondemand::object attribute) {
        const Naming naming = naming_of(tag, key);
        append_json_string(out, naming.key);
        out += ':';
        const std::size_t value_at = out.size();
        std::string vr;
        for (auto field : attribute) {
            const std::string_view name = field.unescaped_key();
            if (name == "vr") {
                vr = field.value().get_string().value();
            } else if (name == "Value") {
                write_values(out, vrs, naming, vr, field.value().get_array());
            } else if (name == "InlineBinary") {
                append_json_string(out, field.value().get_string().value());
            } else if (name == "BulkDataURI") {
                out += R"({"BulkDataURI":)";
                append_json_string(out, field.value().get_string().value());
                out += '}';
            }
        }
        if (out.size() == value_at) out += vr == "SQ" ? "[]" : "null";
        if (!naming.has_known_vr || vr != dicom::to_string(dicom::vr_of(tag)))
            append_vr(vrs, naming.key, vr);
    }

private:
    static void append_vr(std::string& vrs, std::string_view key, std::string_view vr) {
        if (!vrs.empty()) vrs += ',';
        append_json_string(vrs, key);
        vrs += ':';
        append_json_string(vrs, vr);
    }

    void write_values(std::string& out, std::string& vrs, const Naming& naming,
                      std::string_view vr, ondemand::array values) {
        std::vector<std::string> written;
        for (auto value : values) {
            std::string& one = written.emplace_back();
            write_value(one, vrs, vr, value.value());
        }
        if (vr == "DS" || vr == "IS") pad(written);
        const bool is_array = vr == "SQ" || !naming.is_single || written.size() != 1;
        if (is_array) out += '[';
        for (std::size_t i = 0; i < written.size(); ++i) {
            if (i > 0) out += ',';
            out += written[i];
        }
        if (is_array) out += ']';
    }

    /// As a file has them: PS3.5 section 6.2 pads to an even length.
    static void pad(std::vector<std::string>& numbers) {
        std::size_t length = numbers.empty() ? 0 : numbers.size() - 1;
        for (const std::string& number : numbers) {
            length += number == "null" ? 0 : number.size() - 2;
        }
        if (length % 2 != 0 && numbers.back() != "null") {
            numbers.back().insert(numbers.back().size() - 1, 1, ' ');
        }
    }

    void write_value(std::string& out, std::string& vrs, std::string_view vr,
                     ondemand::value value) {
        switch (value.type()) {
            case ondemand::json_type::string:
                append_json_string(out, value.get_string().value());
                return;
            case ondemand::json_type::number: {
                // DS and IS keep their digits.
                const std::string_view digits = simdjson::trim(value.raw_json_token());
                if (vr == "DS" || vr == "IS") {
                    append_json_string(out, digits);
                } else {
                    out += digits;
                }
                return;
            }
            case ondemand::json_type::object:
                if (vr == "PN") {
                    write_name(out, value.get_object());
                } else {
                    write_item(out, vrs, value.get_object());
                }
                return;
            default:
                out += "null";
        }
    }

    void write_item(std::string& out, std::string& vrs, ondemand::object item) {
        out += '{';
        for (auto field : item) {
            const std::string key(std::string_view(field.unescaped_key()));
            const auto tag = tag_of(key);
            if (!tag || is_pixel_data(*tag)) continue;
            if (out.back() != '{') out += ',';
            write(out, vrs, *tag, key, field.value().get_object());
        }
        out += '}';
    }

    /// `Alphabetic=Ideographic=Phonetic`, without empty groups at the end.
    static void write_name(std::string& out, ondemand::object name) {
        constexpr std::array<std::string_view, 3> kGroups = {"Alphabetic", "Ideographic",
                                                             "Phonetic"};
        std::array<std::string, 3> groups;
        for (auto field : name) {
            const std::string_view key = field.unescaped_key();
            const auto* const at = std::ranges::find(kGroups, key);
            if (at == kGroups.end()) continue;
            groups[static_cast<std::size_t>(at - kGroups.begin())] =
                std::string(std::string_view(field.value().get_string()));
        }
        std::string text = groups[0];
        if (!groups[1].empty() || !groups[2].empty()) text += '=' + groups[1];
        if (!groups[2].empty()) text += '=' + groups[2];
        append_json_string(out, text);
    }
};

Attributes& of_level(LeveledAttributes& all, Level level) {
    switch (level) {
        case Level::Patient:
            return all.patient;
        case Level::Study:
            return all.study;
        case Level::Series:
            return all.series;
        case Level::Instance:
            break;
    }
    return all.instance;
}

}  // namespace

Result<LeveledAttributes> read_leveled(std::string& json) {
    LeveledAttributes all;
    // Its buffers serve one document after the other.
    thread_local ondemand::parser parser;
    json.reserve(json.size() + simdjson::SIMDJSON_PADDING);
    try {
        Writer writer;
        auto document = parser.iterate(json);
        for (auto field : document.get_object()) {
            const std::string key(std::string_view(field.unescaped_key()));
            const auto tag = tag_of(key);
            if (!tag || is_pixel_data(*tag)) continue;
            Attribute attribute;
            writer.write(attribute.member, attribute.vr_member, *tag, key,
                         field.value().get_object());
            of_level(all, level_of(*tag))[*tag] = std::move(attribute);
        }
    } catch (const simdjson::simdjson_error& error) {
        return fail(ErrorCode::InvalidInput,
                    std::string("not the DICOM JSON model: ") + error.what());
    }
    return all;
}

}  // namespace larmor::healthimaging
