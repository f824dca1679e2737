#include "reassembly/join_bench/synthetic_uids.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace larmor::reassembly::join_bench {
namespace {

// Ends with the 1 that the digits follow: no component begins with a zero.
constexpr std::string_view kRoot = "1.3.6.1.4.1.14519.5.2.1.7009.2403.1";
constexpr std::size_t kDigits = 24;

/// A bijection of 64 bits: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t mix(std::uint64_t number) {
    number = (number ^ number >> 30U) * 0xbf58476d1ce4e5b9ULL;
    number = (number ^ number >> 27U) * 0x94d049bb133111ebULL;
    return number ^ number >> 31U;
}

/// Of each 16 bits of a number the lowest 6, or fewer, as two octal digits. Decimal ones would
/// take several times as long, and making the UIDs must not be what is measured.
void write_8_digits(std::uint64_t number, std::uint64_t mask, char* to) {
    std::uint64_t digits = (number & 0x0007'0007'0007'0007ULL) | (number << 5U & mask << 5U) |
                           0x3030'3030'3030'3030ULL;
    if constexpr (std::endian::native == std::endian::big) digits = __builtin_bswap64(digits);
    std::memcpy(to, &digits, sizeof(digits));
}

}  // namespace

SyntheticUids::SyntheticUids(std::uint64_t count)
    : count_(count), bits_(std::max(2U, static_cast<unsigned>(std::bit_width(count - 1)))) {}

void SyntheticUids::write(std::uint64_t number, UidText& out) {
    static_assert(kRoot.size() + kDigits <= sizeof(out.chars));
    char* const digits = out.chars.data() + kRoot.size();
    // 64 bits are four times 6 and 6 and 4.
    constexpr std::uint64_t kTwoDigits = 0x0038'0038'0038'0038ULL,
                            kDigitAndBit = 0x0008'0008'0008'0008ULL;
    const std::uint64_t mixed = mix(number);
    write_8_digits(mixed, kTwoDigits, digits);
    write_8_digits(mixed >> 6U, kTwoDigits, digits + 8);
    write_8_digits(mixed >> 12U, kDigitAndBit, digits + 16);
    std::memcpy(out.chars.data(), kRoot.data(), kRoot.size());
    out.size = static_cast<std::uint32_t>(kRoot.size() + kDigits);
}

std::uint64_t SyntheticUids::shuffled(std::uint64_t position) const {
    // Each step is a bijection of `bits_` bits. What falls behind the count goes round again,
    // less than twice on average, and stays a bijection of what lies below it.
    const std::uint64_t mask = (std::uint64_t{1} << bits_) - 1;
    const unsigned shift = bits_ / 2;
    std::uint64_t at = position;
    do {
        at = (at ^ at >> shift) * 0x9e3779b97f4a7c15ULL & mask;
        at = (at ^ at >> shift) * 0xbf58476d1ce4e5b9ULL & mask;
        at ^= at >> shift;
    } while (at >= count_);
    return at;
}

}  // namespace larmor::reassembly::join_bench
