#include "edits/uids.h"

#include <algorithm>

#include "base/ids.h"
#include "edits/json_parts.h"
#include "edits/rules.h"

namespace larmor::edits {
namespace {

bool is_of_uid(const Change& change) {
    return rule_of(change.path) == Rule::Identifies;
}

}  // namespace

bool touch_uids(const Changes& changes) {
    return std::ranges::any_of(changes, is_of_uid);
}

std::optional<std::string> uid_of(const Change& change) {
    if (!change.path.is_top_level()) return std::nullopt;
    const auto members = members_of(change.element);
    if (!members || find_member(*members, "vr") != R"("UI")") return std::nullopt;
    const auto values = items_of(find_member(*members, "Value").value_or("[]"));
    if (!values || values->size() != 1 || values->front().size() < 2) return std::nullopt;
    const std::string_view uid = values->front().substr(1, values->front().size() - 2);
    return is_uid_key_part(uid) ? std::optional<std::string>(uid) : std::nullopt;
}

std::optional<std::string> last_uid(const Changes& changes, dicom::Tag tag) {
    std::optional<std::string> last;
    for (const Change& change : changes) {
        if (change.path.tag != tag) continue;
        if (auto uid = uid_of(change)) last = std::move(uid);
    }
    return last;
}

std::string uid_element(std::string_view uid) {
    return R"({"vr":"UI","Value":[")" + std::string(uid) + "\"]}";
}

}  // namespace larmor::edits
