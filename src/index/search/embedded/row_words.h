#pragma once
#include <optional>
#include <string_view>

#include "index/search/query.h"

namespace larmor::index::search::embedded {

/// A row of `words`, as its columns say it.
struct RowWords {
    std::string_view patient_name;
    std::string_view physician_name;
    std::string_view other;
};

/// Whether the row has all words that the query asks for, as MATCH would say of it. Nothing
/// where only the index of words knows, which cuts and folds what is not ASCII by tables of its
/// own: a word that begins in the text is one of the index too, but not the other way round.
std::optional<bool> row_has_words(const Query& query, const RowWords& row);

}  // namespace larmor::index::search::embedded
