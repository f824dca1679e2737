#include "edits/apply_json.h"

#include <algorithm>
#include <span>
#include <utility>

#include "dicom/tag.h"
#include "edits/json_parts.h"
#include "edits/original_attributes.h"

namespace larmor::edits {
namespace {

constexpr dicom::Tag kSpecificCharacterSet{0x0008, 0x0005};

/// The data elements of an object by tag; what was not changed is a view of the text.
class JsonDataSet {
public:
    static Result<JsonDataSet> read(std::string_view object) {
        JsonDataSet data_set;
        TRY(const auto members, members_of(object));
        data_set.elements_.reserve(members.size() + 8);
        for (const JsonMember& member : members) {
            TRY(const dicom::Tag tag, dicom::parse_tag(member.key));
            data_set.elements_.push_back({tag, member.value, {}});
        }
        std::ranges::sort(data_set.elements_, {}, &Element::tag);
        return data_set;
    }

    /// Empty where there is none.
    std::string_view find(dicom::Tag tag) const {
        const auto found = std::ranges::lower_bound(elements_, tag, {}, &Element::tag);
        return found == elements_.end() || found->tag != tag ? std::string_view()
                                                             : found->text();
    }
    /// Empty: removes it.
    void set(dicom::Tag tag, std::string text) {
        const auto found = std::ranges::lower_bound(elements_, tag, {}, &Element::tag);
        const bool is_there = found != elements_.end() && found->tag == tag;
        if (text.empty()) {
            if (is_there) elements_.erase(found);
        } else if (is_there) {
            *found = {tag, {}, std::move(text)};
        } else {
            elements_.insert(found, {tag, {}, std::move(text)});
        }
    }
    std::string to_json() const {
        std::string json = "{";
        for (const Element& element : elements_) {
            if (json.size() > 1) json += ',';
            json += '"' + dicom::to_json_key(element.tag) + "\":";
            json += element.text();
        }
        return json + '}';
    }

private:
    struct Element {
        dicom::Tag tag;
        std::string_view stored;
        std::string made;
        std::string_view text() const { return made.empty() ? stored : std::string_view(made); }
    };
    std::vector<Element> elements_;
};

/// One change, as seen from the items of the sequence of its first step.
struct Inside {
    std::span<const dicom::ItemStep> steps;  ///< the first one is of this sequence
    const Change* change = nullptr;
};

Result<std::string> change_item(std::string_view item, const Inside& inside);

/// The items of a sequence after one change in them.
Result<std::string> change_sequence(std::string_view element, const Inside& inside) {
    std::vector<std::string_view> items;
    if (!element.empty()) {
        TRY(const auto members, members_of(element));
        if (const auto value = find_member(members, "Value")) {
            TRY(items, items_of(*value));
        }
    }
    const Change& change = *inside.change;
    const bool is_item = inside.steps.empty();
    const std::size_t at = is_item ? *change.path.item : inside.steps.front().item;
    std::string made;
    if (at > items.size() || (at == items.size() && change.removes())) {
        return std::string(element);  // not in this instance
    }
    if (is_item) {
        made = change.element;
    } else {
        TRY(made, change_item(at < items.size() ? items[at] : "{}", inside));
    }
    if (at == items.size()) {
        items.emplace_back(made);
    } else if (made.empty()) {
        items.erase(items.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
        items[at] = made;
    }
    std::string out = R"({"vr":"SQ")";
    for (std::size_t i = 0; i < items.size(); ++i) {
        out += i == 0 ? R"(,"Value":[)" : ",";
        out += items[i];
    }
    return out + (items.empty() ? "}" : "]}");
}

Result<std::string> change_item(std::string_view item, const Inside& inside) {
    TRY(auto data_set, JsonDataSet::read(item));
    const Change& change = *inside.change;
    const auto deeper = inside.steps.subspan(1);
    if (deeper.empty() && !change.path.item) {
        data_set.set(change.path.tag, change.element);
    } else {
        const dicom::Tag sequence = deeper.empty() ? change.path.tag : deeper.front().sequence;
        TRY(auto made, change_sequence(data_set.find(sequence), {deeper, &change}));
        data_set.set(sequence, std::move(made));
    }
    return data_set.to_json();
}

void append_text(std::string& out, dicom::Tag tag, std::string_view vr, std::string_view text) {
    out += ",\"" + dicom::to_json_key(tag) + R"(":{"vr":")";
    out += vr;
    out += '"';
    if (!text.empty()) out.append(R"(,"Value":[")").append(text).append("\"]");
    out += '}';
}

std::string original_item(const JsonDataSet& before, const Changes& changes) {
    std::string item =
        "{\"" + dicom::to_json_key(kModifiedAttributesSequence) + R"(":{"vr":"SQ","Value":[{)";
    bool first = true;
    for (const dicom::Tag tag : changed_elements(changes)) {
        const auto element = before.find(tag);
        if (element.empty()) continue;
        if (!std::exchange(first, false)) item += ',';
        item += '"' + dicom::to_json_key(tag) + "\":";
        item += element;
    }
    item += "}]}";
    append_text(item, kAttributeModificationDateTime, "DT", modification_time(changes));
    append_text(item, kModifyingSystem, "LO", kModifyingSystemName);
    append_text(item, kSourceOfPreviousValues, "LO", {});
    append_text(item, kReasonForTheAttributeModification, "CS", kModificationReason);
    return item + '}';
}

Result<std::string> change_element(std::string_view element, const Change& change) {
    if (change.path.is_top_level()) return change.element;
    return change_sequence(element, {change.path.steps, &change});
}

}  // namespace

Result<std::string> apply_to_element(std::string_view element, const Changes& changes) {
    std::string made(element);
    for (const Change& change : changes) {
        TRY(made, change_element(made, change));
    }
    return made;
}

Result<std::string> apply_to_json(std::string_view object, const Changes& changes,
                                  OriginalAttributes original) {
    if (changes.empty()) return std::string(object);
    TRY(auto data_set, JsonDataSet::read(object));
    std::string item;
    if (original == OriginalAttributes::Add) item = original_item(data_set, changes);
    for (const Change& change : changes) {
        const dicom::Tag tag = change.path.outermost();
        TRY(auto made, change_element(data_set.find(tag), change));
        data_set.set(tag, std::move(made));
    }
    if (has_text_beyond_ascii(changes) && data_set.find(kSpecificCharacterSet).empty()) {
        data_set.set(kSpecificCharacterSet, R"({"vr":"CS","Value":["ISO_IR 192"]})");
    }
    if (original == OriginalAttributes::Add) {
        // Behind those that the file came with.
        TRY(const auto members, members_of(data_set.find(kOriginalAttributesSequence).empty()
                                               ? "{}"
                                               : data_set.find(kOriginalAttributesSequence)));
        std::string all = R"({"vr":"SQ","Value":[)";
        if (const auto value = find_member(members, "Value"); value && value->size() > 2) {
            all += value->substr(1, value->size() - 2);
            all += ',';
        }
        data_set.set(kOriginalAttributesSequence, all + item + "]}");
    }
    return data_set.to_json();
}

}  // namespace larmor::edits
