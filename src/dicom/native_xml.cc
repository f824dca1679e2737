#include "dicom/native_xml.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <map>

#include "base/xml_text.h"
#include "dicom/dictionary.h"
#include "dicom/tag.h"
#include "dicom/values.h"

namespace larmor::dicom {
namespace {

namespace json = simdjson::ondemand;

constexpr unsigned kDepthMax = 64;
constexpr std::string_view kHead =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<NativeDicomModel xmlns=\"http://dicom.nema.org/PS3.19/models/NativeDICOM\" "
    "xml:space=\"preserve\">";

/// Private creators of one data set: group and block to name, as XML text.
using Creators = std::map<std::pair<std::uint16_t, unsigned>, std::string>;

tl::unexpected<Error> invalid(std::string_view what) {
    return fail(ErrorCode::InvalidInput, "DICOM JSON: " + std::string(what));
}

template <typename T>
Result<T> get(simdjson::simdjson_result<T>&& result) {
    T got;
    if (const auto error = std::move(result).get(got)) {
        return invalid(simdjson::error_message(error));
    }
    return got;
}

class NativeXmlWriter {
public:
    Result<std::string> write(json::object data_set) {
        out_ = kHead;
        TRY_VOID(write_data_set(std::move(data_set), 0));
        out_ += "</NativeDicomModel>\n";
        return std::move(out_);
    }

private:
    Result<void> write_data_set(json::object data_set, unsigned depth) {
        if (depth > kDepthMax) {
            return fail(ErrorCode::LimitExceeded,
                        "more than 64 sequences within sequences are not written as XML");
        }
        Creators creators;
        for (auto next : data_set) {
            TRY(json::field member, get<json::field>(std::move(next)));
            TRY(const std::string_view key, get(member.unescaped_key()));
            TRY(const Tag tag, parse_tag(key));
            TRY(json::object element, get(member.value().get_object()));
            TRY_VOID(write_element(tag, std::move(element), creators, depth));
        }
        return {};
    }

    Result<void> write_element(Tag tag, json::object element, Creators& creators,
                               unsigned depth) {
        std::string vr;
        for (auto next : element) {
            TRY(json::field member, get<json::field>(std::move(next)));
            TRY(const std::string_view name, get(member.unescaped_key()));
            if (name == "vr") {
                TRY(const std::string_view text, get(member.value().get_string()));
                vr = text;
                open_attribute(tag, vr, creators);
            } else if (vr.empty()) {
                return invalid("a value stands before its vr");
            } else {
                const std::size_t begin = out_.size();
                TRY_VOID(write_content(name, member.value(), vr, depth));
                note_creator(tag, begin, creators);
            }
        }
        if (!vr.empty()) {
            out_ += "</DicomAttribute>";
        }
        return {};
    }

    /// A private creator's value was just written from `begin` on: it is XML text already.
    void note_creator(Tag tag, std::size_t begin, Creators& creators) const {
        if (!tag.is_private() || tag.element < 0x10 || tag.element > 0xff) {
            return;
        }
        const std::string_view written = std::string_view(out_).substr(begin);
        const auto from = written.find('>');
        const auto to = written.find("</");
        if (from < to && to != std::string_view::npos) {
            creators[{tag.group, tag.element}] = written.substr(from + 1, to - from - 1);
        }
    }

    void put(std::string_view name, std::string_view value) {
        out_.append(" ").append(name).append("=\"");
        append_xml_text(out_, value);
        out_ += '"';
    }

    void open_attribute(Tag tag, std::string_view vr, const Creators& creators) {
        out_ += "<DicomAttribute";
        const auto creator =
            tag.is_private() ? creators.find({tag.group, tag.element >> 8U}) : creators.end();
        const bool is_known = creator != creators.end();
        const auto low = static_cast<std::uint16_t>(tag.element & 0xffU);
        put("tag", to_json_key(is_known ? Tag(tag.group, low) : tag));
        put("vr", vr);
        if (is_known) {
            out_.append(" privateCreator=\"").append(creator->second).append("\"");
        } else if (const auto keyword = keyword_of(tag);
                   !tag.is_private() && !keyword.empty()) {
            put("keyword", keyword);
        }
        out_ += '>';
    }

    Result<void> write_content(std::string_view name, json::value value, std::string_view vr,
                               unsigned depth) {
        if (name == "Value") {
            TRY(json::array values, get(value.get_array()));
            return write_values(std::move(values), vr, depth);
        }
        TRY(const std::string_view text, get(value.get_string()));
        if (name == "BulkDataURI") {
            out_ += "<BulkData";
            put("uri", text);
            out_ += "/>";
        } else if (name == "InlineBinary") {
            out_.append("<InlineBinary>").append(text).append("</InlineBinary>");
        }
        return {};
    }

    Result<void> write_values(json::array values, std::string_view vr, unsigned depth) {
        std::size_t number = 0;
        for (auto next : values) {
            TRY(json::value value, get<json::value>(std::move(next)));
            ++number;
            TRY(const json::json_type type, get(value.type()));
            if (type == json::json_type::null) {
                continue;
            }
            const std::string_view element = vr == "SQ"   ? "Item"
                                             : vr == "PN" ? "PersonName"
                                                          : "Value";
            out_.append("<").append(element);
            put("number", std::to_string(number));
            out_ += '>';
            if (type == json::json_type::object) {
                TRY(json::object object, get(value.get_object()));
                TRY_VOID(vr == "PN" ? write_name(std::move(object))
                                    : write_data_set(std::move(object), depth + 1));
            } else {
                TRY_VOID(write_value(std::move(value), type));
            }
            out_.append("</").append(element).append(">");
        }
        return {};
    }

    Result<void> write_value(json::value value, json::json_type type) {
        if (type == json::json_type::number) {
            std::string_view digits = value.raw_json_token();
            while (!digits.empty() && static_cast<unsigned char>(digits.back()) <= ' ') {
                digits.remove_suffix(1);
            }
            out_ += digits;
            return {};
        }
        TRY(const std::string_view text, get(value.get_string()));
        append_xml_text(out_, text);
        return {};
    }

    Result<void> write_name(json::object groups) {
        constexpr std::array<std::string_view, 5> kComponents = {
            "FamilyName", "GivenName", "MiddleName", "NamePrefix", "NameSuffix"};
        for (auto next : groups) {
            TRY(json::field member, get<json::field>(std::move(next)));
            TRY(const std::string_view group, get(member.unescaped_key()));
            const std::string name(group);
            if (name != "Alphabetic" && name != "Ideographic" && name != "Phonetic") {
                return invalid("a person name has an unknown group");
            }
            TRY(const std::string_view text, get(member.value().get_string()));
            const auto components = person_name_components(text);
            if (std::ranges::all_of(components, &std::string_view::empty)) {
                continue;
            }
            out_.append("<").append(name).append(">");
            for (std::size_t i = 0; i < components.size(); ++i) {
                if (!components[i].empty()) {
                    out_.append("<").append(kComponents[i]).append(">");
                    append_xml_text(out_, components[i]);
                    out_.append("</").append(kComponents[i]).append(">");
                }
            }
            out_.append("</").append(name).append(">");
        }
        return {};
    }

    std::string out_;
};

}  // namespace

Result<std::vector<std::string>> native_xml_of(std::string_view json_array) {
    json::parser parser;
    const simdjson::padded_string padded(json_array);
    TRY(json::document document, get(parser.iterate(padded)));
    TRY(json::array objects, get(document.get_array()));
    std::vector<std::string> documents;
    for (auto next : objects) {
        TRY(json::value value, get<json::value>(std::move(next)));
        TRY(json::object object, get(value.get_object()));
        TRY(std::string xml, NativeXmlWriter().write(std::move(object)));
        documents.push_back(std::move(xml));
    }
    return documents;
}

}  // namespace larmor::dicom
