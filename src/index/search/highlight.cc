#include "index/search/highlight.h"

#include <algorithm>

#include "dicom/tags.h"
#include "index/search/words.h"

namespace larmor::index::search {
namespace {

bool is_between_words(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x80 &&
           !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'));
}

bool has_searched_words(const Field& field) {
    return field.kind == FieldKind::Name || field.kind == FieldKind::Text ||
           (field.kind == FieldKind::Code && !field.keyword.ends_with("UID"));
}

/// What is looked for in this attribute.
std::vector<std::string_view> looked_for(const Field& field, const Query& query) {
    std::vector<std::string_view> words;
    if (has_searched_words(field)) words.assign(query.words.begin(), query.words.end());
    for (const Filter& filter : query.filters) {
        if (filter.field != &field || field.kind != FieldKind::Name) continue;
        words.insert(words.end(), filter.values.begin(), filter.values.end());
    }
    return words;
}

bool matches(const Field& field, std::string_view word,
             const std::vector<std::string_view>& looked_for) {
    const auto kept = field.kind == FieldKind::Name ? words_of_name(word) : words_of_text(word);
    return std::ranges::any_of(kept, [&](const std::string& one) {
        return std::ranges::any_of(
            looked_for, [&](std::string_view beginning) { return one.starts_with(beginning); });
    });
}

}  // namespace

std::vector<Piece> highlight(const Field& field, std::string_view value, const Query& query) {
    const auto words = looked_for(field, query);
    if (words.empty()) return {};
    std::vector<Piece> pieces;
    const auto add = [&](std::string_view text, bool is_match) {
        if (!pieces.empty() && pieces.back().is_match == is_match) {
            pieces.back().text += text;
        } else {
            pieces.push_back({std::string(text), is_match});
        }
    };
    while (!value.empty()) {
        const bool between = is_between_words(value.front());
        const auto size = static_cast<std::size_t>(
            std::ranges::find_if(value,
                                 [&](char c) { return is_between_words(c) != between; }) -
            value.begin());
        const auto piece = value.substr(0, size);
        add(piece, !between && matches(field, piece, words));
        value.remove_prefix(size);
    }
    const bool any = std::ranges::any_of(pieces, &Piece::is_match);
    return any ? pieces : std::vector<Piece>();
}

}  // namespace larmor::index::search
