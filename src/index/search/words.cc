#include "index/search/words.h"

#include <algorithm>

#include "catalog/name_words.h"

namespace larmor::index::search {
namespace {

/// More endings of one word say nothing.
constexpr std::size_t kEndingsMax = 64;

bool is_ascii_separator(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x80 &&
           !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'));
}

bool begins_character(char c) {
    return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U;
}

/// From U+2E80: the ideographs and kana.
bool is_without_blanks(std::string_view word) {
    return std::ranges::any_of(word,
                               [](char c) { return static_cast<unsigned char>(c) >= 0xe2; });
}

void sort_once(std::vector<std::string>& words) {
    std::ranges::sort(words);
    const auto repeated = std::ranges::unique(words);
    words.erase(repeated.begin(), repeated.end());
}

void append_endings(std::vector<std::string>& endings, std::string_view word) {
    std::size_t count = 0;
    for (std::size_t i = 0; i < word.size() && count < kEndingsMax; ++i) {
        if (!begins_character(word[i])) continue;
        endings.emplace_back(word.substr(i));
        ++count;
    }
}

}  // namespace

std::vector<std::string> words_of(std::string_view text) {
    std::string parted(text);
    std::ranges::replace_if(parted, is_ascii_separator, ' ');
    std::vector<std::string> words;
    // What has another width becomes a separator only by folding.
    for (const std::string& word : catalog::name_words(parted)) {
        std::string_view rest = word;
        while (!rest.empty()) {
            const auto size = static_cast<std::size_t>(
                std::ranges::find_if(rest, is_ascii_separator) - rest.begin());
            if (size > 0) words.emplace_back(rest.substr(0, size));
            rest.remove_prefix(std::min(size + 1, rest.size()));
        }
    }
    sort_once(words);
    return words;
}

std::vector<std::string> words_of_name(std::string_view name) {
    std::vector<std::string> endings;
    for (const std::string& word : words_of(name)) append_endings(endings, word);
    sort_once(endings);
    return endings;
}

std::vector<std::string> words_of_text(std::string_view text) {
    std::vector<std::string> words;
    for (std::string& word : words_of(text)) {
        if (is_without_blanks(word)) {
            append_endings(words, word);
        } else {
            words.push_back(std::move(word));
        }
    }
    sort_once(words);
    return words;
}

}  // namespace larmor::index::search
