#include "base/json_text.h"
#include "dicom/dictionary.h"
#include "dicom/json_read.h"
#include "dicom/json_write.h"
#include "edits/json_parts.h"
#include "edits/value_json_internal.h"

namespace larmor::edits {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

tl::unexpected<Error> invalid(dicom::Tag tag, std::string_view what) {
    return fail(ErrorCode::InvalidInput,
                "attribute " + dicom::to_string(tag) + ' ' + std::string(what));
}

/// Errors: InvalidInput where nobody says it.
Result<std::string> vr_of(dicom::Tag tag, std::string_view declared) {
    if (!declared.empty()) {
        const bool is_one =
            declared.size() == 2 && dicom::is_known(dicom::vr_of(declared[0], declared[1]));
        if (!is_one) return invalid(tag, "has no VR of the standard in DICOMVRs");
        return std::string(declared);
    }
    const auto entry = dicom::find_entry(tag);
    if (!entry) return invalid(tag, "is not in the dictionary: name its VR in DICOMVRs");
    return dicom::to_string(entry->vr);
}

bool is_binary(std::string_view vr) {
    return vr == "OB" || vr == "OD" || vr == "OF" || vr == "OL" || vr == "OV" || vr == "OW" ||
           vr == "UN";
}

Result<void> append_item(std::string& out, const object& item);

/// Appends an element in a form that read_json takes.
Result<void> append_element(std::string& out, dicom::Tag tag, std::string_view declared,
                            element value) {
    object dicom_json;
    if (value.get(dicom_json) == simdjson::SUCCESS) {
        if (dicom_json["vr"].error() != simdjson::SUCCESS) {
            return invalid(tag, "has an object as its value that is no data element");
        }
        out += simdjson::minify(value);
        return {};
    }
    TRY(const std::string vr, vr_of(tag, declared));
    out += R"({"vr":")" + vr + '"';
    if (value.is_null()) {
        out += '}';
        return {};
    }
    if (is_binary(vr)) {
        out += R"(,"InlineBinary":)" + std::string(simdjson::minify(value)) + '}';
        return {};
    }
    array values;
    const bool is_array = value.get(values) == simdjson::SUCCESS;
    out += R"(,"Value":[)";
    if (!is_array) {
        out += simdjson::minify(value);
    } else {
        for (const element one : values) {
            if (out.back() != '[') out += ',';
            object item;
            if (vr == "SQ" && one.get(item) == simdjson::SUCCESS) {
                TRY_VOID(append_item(out, item));
            } else {
                out += simdjson::minify(one);
            }
        }
    }
    out += "]}";
    return {};
}

/// By keywords or by tags.
Result<void> append_item(std::string& out, const object& item) {
    out += '{';
    for (const auto [name, value] : item) {
        if (name == "DICOMVRs") continue;
        TRY(const Path path, parse_path(name));
        if (!path.is_top_level()) return invalid(path.tag, "in an item is named by a path");
        if (out.back() != '{') out += ',';
        out += '"' + dicom::to_json_key(path.tag) + "\":";
        object vrs;
        std::string_view declared;
        const bool is_declared = item["DICOMVRs"].get(vrs) == simdjson::SUCCESS &&
                                 vrs[name].get_string().get(declared) == simdjson::SUCCESS;
        if (!is_declared) declared = {};
        TRY_VOID(append_element(out, path.tag, declared, value));
    }
    out += '}';
    return {};
}

}  // namespace

Result<std::string> element_json(const Path& path, std::string_view vr, element value) {
    // An item is read as the only one of its sequence.
    std::string text = "{\"" + dicom::to_json_key(path.tag) + "\":";
    if (path.item) {
        object item;
        if (value.get(item) != simdjson::SUCCESS)
            return invalid(path.tag, "has items: objects");
        text += R"({"vr":"SQ","Value":[)";
        TRY_VOID(append_item(text, item));
        text += "]}";
    } else {
        TRY_VOID(append_element(text, path.tag, vr, value));
    }
    text += '}';
    // Through the data set and back: what can be stored is what can be read and written.
    const auto data_set = dicom::read_json(text);
    if (!data_set) return invalid(path.tag, "has a value that its VR can't have");
    std::string json;
    TRY_VOID(dicom::write_json(json, *data_set, dicom::kExplicitLittle,
                               {.bulk_data_uri = nullptr,
                                .unknown_vr = dicom::JsonWriteOptions::UnknownVr::AsStored}));
    TRY(const auto members, members_of(json));
    const auto made = find_member(members, dicom::to_json_key(path.tag));
    if (!made) return invalid(path.tag, "has no value that can be stored");
    if (!path.item) return std::string(*made);
    TRY(const auto of_sequence, members_of(*made));
    TRY(const auto items, items_of(find_member(of_sequence, "Value").value_or("[{}]")));
    return std::string(items.empty() ? "{}" : items.front());
}

}  // namespace larmor::edits
