#include "edits/change.h"

#include <algorithm>
#include <charconv>

#include "edits/json_parts.h"

namespace larmor::edits {
namespace {

tl::unexpected<Error> broken() {
    return fail(ErrorCode::Corrupt, "a stored edit document can't be read");
}

Result<std::int64_t> number_in(const std::vector<JsonMember>& members, std::string_view key) {
    const auto text = find_member(members, key);
    std::int64_t number = 0;
    if (!text) return broken();
    const auto [end, error] =
        std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc() || end != text->data() + text->size()) return broken();
    return number;
}

Result<Change> parse_change(std::string_view text) {
    TRY(const auto members, members_of(text));
    Change change;
    const auto path = find_member(members, "path");
    if (!path || path->size() < 2) return broken();
    const auto parsed = parse_path(path->substr(1, path->size() - 2));
    if (!parsed) return broken();
    change.path = *parsed;
    TRY(change.version, number_in(members, "version"));
    TRY(const std::int64_t time_us, number_in(members, "time"));
    change.time = Time(std::chrono::microseconds(time_us));
    if (const auto element = find_member(members, "element")) change.element = *element;
    return change;
}

}  // namespace

std::string to_document(const Changes& changes) {
    std::string text = R"({"changes":[)";
    for (const Change& change : changes) {
        if (text.back() != '[') text += ',';
        text += R"({"path":")" + to_string(change.path);
        text += R"(","version":)" + std::to_string(change.version);
        text += R"(,"time":)" + std::to_string(change.time.time_since_epoch().count());
        if (!change.removes()) text += R"(,"element":)" + change.element;
        text += '}';
    }
    return text + "]}";
}

Result<Changes> parse_document(std::string_view document) {
    Changes changes;
    if (document.empty()) return changes;
    TRY(const auto members, members_of(document));
    const auto list = find_member(members, "changes");
    if (!list) return broken();
    TRY(const auto items, items_of(*list));
    changes.reserve(items.size());
    for (const std::string_view item : items) {
        TRY(Change change, parse_change(item));
        changes.push_back(std::move(change));
    }
    return changes;
}

void add_change(Changes& changes, Change change) {
    if (change.path.is_top_level()) {
        std::erase_if(changes, [&](const Change& earlier) {
            return earlier.path.outermost() == change.path.tag;
        });
    }
    changes.push_back(std::move(change));
}

bool has_text_beyond_ascii(const Changes& changes) {
    return std::ranges::any_of(changes, [](const Change& change) {
        return std::ranges::any_of(change.element,
                                   [](char c) { return static_cast<unsigned char>(c) > 0x7f; });
    });
}

Changes merged(Changes of_all, const Changes& of_one) {
    if (of_one.empty()) return of_all;
    of_all.insert(of_all.end(), of_one.begin(), of_one.end());
    std::ranges::stable_sort(of_all, {}, &Change::version);
    return of_all;
}

}  // namespace larmor::edits
