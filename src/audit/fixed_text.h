#pragma once
#include <algorithm>
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/hash.h"

namespace larmor::audit {

// Readers of lines of ours, whose every byte is fixed but for numbers and hashes.

/// Takes `word` and a number behind it off the front.
inline std::optional<std::uint64_t> take_number(std::string_view& text, std::string_view word) {
    if (!text.starts_with(word)) return std::nullopt;
    const auto digits = text.substr(word.size());
    std::uint64_t value = 0;
    const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (read.ec != std::errc()) return std::nullopt;
    text = digits.substr(static_cast<std::size_t>(read.ptr - digits.data()));
    return value;
}

/// Takes `word` and a hash in hex behind it off the front.
inline std::optional<Sha256> take_hash(std::string_view& text, std::string_view word) {
    constexpr std::size_t kDigits = 64;
    if (!text.starts_with(word) || text.size() < word.size() + kDigits) return std::nullopt;
    const auto bytes = from_hex(text.substr(word.size(), kDigits));
    if (!bytes) return std::nullopt;
    text.remove_prefix(word.size() + kDigits);
    Sha256 hash{};
    std::copy(bytes->begin(), bytes->end(), hash.begin());
    return hash;
}

}  // namespace larmor::audit
