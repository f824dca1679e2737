#pragma once
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larmor {

/// A view: whoever holds it must not outlive the owner of the bytes.
using Bytes = std::span<const std::byte>;
using ByteBuffer = std::vector<std::byte>;

inline Bytes as_bytes(std::string_view text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(Bytes bytes) {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline std::string to_string(Bytes bytes) {
    return std::string(as_text(bytes));
}

/// The only place that compares lengths, so the check that matters is easy to review.
/// Errors: InvalidInput when the range ends beyond `bytes`.
inline Result<Bytes> slice(Bytes bytes, std::size_t offset, std::size_t count) {
    // Subtract, never add: offset + count can wrap when a file lies about its length.
    if (offset > bytes.size() || count > bytes.size() - offset) {
        return invalid_at(offset, "input ends too early");
    }
    return bytes.subspan(offset, count);
}

/// Reads an integer at `from`, which must have sizeof(T) bytes; any alignment.
template <std::integral T>
T load_little(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    if constexpr (std::endian::native == std::endian::big) {
        value = static_cast<T>(__builtin_bswap64(static_cast<std::uint64_t>(value)) >>
                               (64 - 8 * sizeof(T)));
    }
    return value;
}
template <std::integral T>
T load_big(const std::byte* from) {
    T value;
    std::memcpy(&value, from, sizeof(T));
    if constexpr (std::endian::native == std::endian::little && sizeof(T) > 1) {
        using U = std::make_unsigned_t<T>;
        value = static_cast<T>(static_cast<U>(
            __builtin_bswap64(static_cast<std::uint64_t>(static_cast<U>(value))) >>
            (64 - 8 * sizeof(T))));
    }
    return value;
}
template <std::integral T>
void store_little(std::byte* to, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        to[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >> (8 * i));
    }
}
template <std::integral T>
void store_big(std::byte* to, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i) {
        to[i] = static_cast<std::byte>(static_cast<std::uint64_t>(value) >>
                                       (8 * (sizeof(T) - 1 - i)));
    }
}

/// A half-open range of bytes in an object or a file.
struct ByteRange {
    std::uint64_t offset = 0;
    std::uint64_t count = 0;
    friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

}  // namespace larmor
