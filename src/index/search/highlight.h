#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "index/search/query.h"

namespace larmor::index::search {

/// A piece of a value, and whether it is a word that was looked for.
struct Piece {
    std::string text;
    bool is_match = false;
};

/// The value in pieces, which together are the value; none where nothing in it was looked for.
/// Marked are whole words, since folding changes how many characters a part has.
std::vector<Piece> highlight(const Field& field, std::string_view value, const Query& query);

}  // namespace larmor::index::search
