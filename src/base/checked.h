#pragma once
#include <concepts>
#include <optional>

namespace larmor {

/// The sum or product, or nothing when it does not fit: for every number that a file or a peer
/// gave.
template <std::integral T>
std::optional<T> checked_add(T a, T b) {
    T result;
    return __builtin_add_overflow(a, b, &result) ? std::nullopt : std::optional<T>(result);
}
template <std::integral T>
std::optional<T> checked_multiply(T a, T b) {
    T result;
    return __builtin_mul_overflow(a, b, &result) ? std::nullopt : std::optional<T>(result);
}

}  // namespace larmor
