#include "api/dicomweb/field_selection.h"

#include <simdjson.h>

#include <algorithm>

#include "api/dicomweb/attribute_level.h"
#include "base/json_text.h"
#include "dicom/dictionary.h"

namespace larmor::api {
namespace {

namespace ondemand = simdjson::ondemand;
using Node = FieldSelection::Node;

const Node* find_node(const std::vector<Node>& nodes, dicom::Tag tag) {
    const auto found = std::ranges::find(nodes, tag, &Node::tag);
    return found == nodes.end() ? nullptr : &*found;
}

bool is_creator(dicom::Tag tag) {
    return tag.is_private() && tag.element >= 0x0010 && tag.element <= 0x00ff;
}
dicom::Tag creator_of(dicom::Tag tag) {
    return {tag.group, static_cast<std::uint16_t>(tag.element >> 8)};
}

tl::unexpected<Error> no_metadata() {
    return fail(ErrorCode::Corrupt, "the metadata of an instance is no DICOM JSON object");
}

/// The tag and the value of a member of a data set.
Result<dicom::Tag> tag_of(simdjson::simdjson_result<ondemand::field>& field) {
    std::string_view key;
    if (field.unescaped_key().get(key) != simdjson::SUCCESS) {
        return no_metadata();
    }
    return dicom::parse_tag(key);
}

Result<std::string_view> raw_of(simdjson::simdjson_result<ondemand::field>& field) {
    ondemand::object object;
    std::string_view raw;
    if (field.value().get_object().get(object) != simdjson::SUCCESS ||
        object.raw_json().get(raw) != simdjson::SUCCESS) {
        return no_metadata();
    }
    return raw;
}

Result<bool> append_inside(ondemand::object attribute, const std::vector<Node>& inside,
                           std::string& out);

/// The members of an item that are asked for.
Result<void> append_item(ondemand::object item, const std::vector<Node>& inside,
                         std::string& out) {
    out += '{';
    for (auto field : item) {
        TRY(const dicom::Tag tag, tag_of(field));
        const Node* node = find_node(inside, tag);
        if (node == nullptr) {
            continue;
        }
        const std::size_t before = out.size();
        out += out.back() == '{' ? "\"" : ",\"";
        out += dicom::to_json_key(tag) + "\":";
        bool written = true;
        if (node->whole) {
            TRY(const std::string_view raw, raw_of(field));
            out += raw;
        } else {
            ondemand::object attribute;
            if (field.value().get_object().get(attribute) != simdjson::SUCCESS) {
                return no_metadata();
            }
            TRY(written, append_inside(attribute, node->inside, out));
        }
        if (!written) {
            out.resize(before);
        }
    }
    out += '}';
    return {};
}

/// A sequence with what is asked for inside of its items. False, with some of it written, for
/// an attribute that is none. The depth is that of what was asked for.
Result<bool> append_inside(ondemand::object attribute, const std::vector<Node>& inside,
                           std::string& out) {
    out += R"({"vr":"SQ")";
    for (auto member : attribute) {
        std::string_view name;
        if (member.unescaped_key().get(name) != simdjson::SUCCESS) {
            return no_metadata();
        }
        if (name == "vr") {
            std::string_view vr;
            if (member.value().get_string().get(vr) != simdjson::SUCCESS) {
                return no_metadata();
            }
            if (vr != "SQ") {
                return false;
            }
        } else if (name == "Value") {
            ondemand::array items;
            if (member.value().get_array().get(items) != simdjson::SUCCESS) {
                return no_metadata();
            }
            out += R"(,"Value":[)";
            for (auto item : items) {
                ondemand::object object;
                if (item.get_object().get(object) != simdjson::SUCCESS) {
                    return no_metadata();
                }
                TRY_VOID(append_item(object, inside, out));
                out += ',';
            }
            if (out.back() == ',') {
                out.pop_back();
            }
            out += ']';
        }
    }
    out += '}';
    return true;
}

}  // namespace

std::optional<std::vector<dicom::Tag>> parse_attribute_path(std::string_view path) {
    std::vector<dicom::Tag> tags;
    while (true) {
        const auto dot = path.find('.');
        const auto id = path.substr(0, dot);
        if (const auto of_keyword = dicom::tag_of_keyword(id)) {
            tags.push_back(*of_keyword);
        } else if (const auto tag = dicom::parse_tag(id); id.size() == 8 && tag) {
            tags.push_back(*tag);
        } else {
            return std::nullopt;
        }
        if (dot == std::string_view::npos) {
            return tags;
        }
        path.remove_prefix(dot + 1);
    }
}

void FieldSelection::add(const std::vector<dicom::Tag>& path) {
    std::vector<Node>* level = &nodes_;
    Node* node = nullptr;
    for (const dicom::Tag tag : path) {
        const auto found = std::ranges::find(*level, tag, &Node::tag);
        node = found != level->end() ? &*found : &level->emplace_back(Node{tag, false, {}});
        level = &node->inside;
    }
    if (node != nullptr) {
        node->whole = true;
    }
}

void FieldSelection::require_creator(dicom::Tag creator, std::string_view value) {
    std::string json = R"({"vr":"LO","Value":[)";
    append_json_string(json, value);
    creators_.emplace_back(creator, json + "]}");
}

bool FieldSelection::names(dicom::Tag tag) const {
    return find_node(nodes_, tag) != nullptr;
}

Result<std::vector<SelectedField>> FieldSelection::select(std::string& metadata) const {
    metadata.reserve(metadata.size() + simdjson::SIMDJSON_PADDING);
    ondemand::parser parser;
    ondemand::document document;
    ondemand::object object;
    if (parser.iterate(metadata.data(), metadata.size(), metadata.capacity()).get(document) !=
            simdjson::SUCCESS ||
        document.get_object().get(object) != simdjson::SUCCESS) {
        return no_metadata();
    }
    std::vector<SelectedField> selected;
    std::vector<SelectedField> creators;  // seen so far: they come before their elements
    const auto is_selected = [](const std::vector<SelectedField>& fields, dicom::Tag tag) {
        return std::ranges::find(fields, tag.value(), &SelectedField::tag);
    };
    for (auto field : object) {
        TRY(const dicom::Tag tag, tag_of(field));
        const Node* node = find_node(nodes_, tag);
        const bool whole =
            (node != nullptr && node->whole) || (all_up_to_ && level_of(tag) <= *all_up_to_);
        if (is_creator(tag)) {
            TRY(const std::string_view raw, raw_of(field));
            creators.push_back({tag.value(), std::string(raw)});
            if (whole) {
                selected.push_back(creators.back());
            }
            continue;
        }
        if (!whole && node == nullptr) {
            continue;
        }
        if (tag.is_private()) {
            const auto required =
                std::ranges::find(creators_, creator_of(tag), [](auto& c) { return c.first; });
            const auto creator = is_selected(creators, creator_of(tag));
            if (required != creators_.end() &&
                (creator == creators.end() || creator->json != required->second)) {
                continue;
            }
            if (creator != creators.end() &&
                is_selected(selected, creator_of(tag)) == selected.end()) {
                selected.push_back(*creator);
            }
        }
        if (whole) {
            TRY(const std::string_view raw, raw_of(field));
            selected.push_back({tag.value(), std::string(raw)});
            continue;
        }
        ondemand::object attribute;
        if (field.value().get_object().get(attribute) != simdjson::SUCCESS) {
            return no_metadata();
        }
        SelectedField partly{tag.value(), {}};
        TRY(const bool is_sequence, append_inside(attribute, node->inside, partly.json));
        if (is_sequence) {
            selected.push_back(std::move(partly));
        }
    }
    // A creator can stand behind elements of another block that were selected before it.
    std::ranges::stable_sort(selected, {}, &SelectedField::tag);
    return selected;
}

}  // namespace larmor::api
