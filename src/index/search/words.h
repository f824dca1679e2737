#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace larmor::index::search {

// How text is cut into words, the same for every store: what they keep are these words, and
// they only compare beginnings. UTF-8 in and out; folded as names are in the catalog (case,
// marks on European letters, width). Each word once, sorted.

/// The words of a text: letters and digits, without what is between them.
std::vector<std::string> words_of(std::string_view text);

/// Every ending of every word of a name, so that what begins an ending is any part of a word:
/// `Yamada=山田` is found by `mada` and by `田`.
std::vector<std::string> words_of_name(std::string_view name);

/// As words_of, with the endings of words in scripts that put no blanks between words.
std::vector<std::string> words_of_text(std::string_view text);

}  // namespace larmor::index::search
