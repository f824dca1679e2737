#include "reassembly/join_bench/synthetic_uids.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace larmor::reassembly::join_bench {
namespace {

// Ends with the 1 that the digits follow: no component begins with a zero.
constexpr std::string_view kRoot = "1.3.6.1.4.1.14519.5.2.1.7009.2403.1";

/// A bijection of 64 bits: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t mix(std::uint64_t number) {
    number = (number ^ number >> 30U) * 0xbf58476d1ce4e5b9ULL;
    number = (number ^ number >> 27U) * 0x94d049bb133111ebULL;
    return number ^ number >> 31U;
}

/// `number`, below 1e8, as 8 digits: pairs of digits, then digits, are divided side by side in
/// one register. Making the UIDs must not be what is measured.
void write_8_digits(std::uint64_t number, char* to) {
    std::uint64_t parts = (number / 10'000) | (number % 10'000) << 32U;
    std::uint64_t high = (parts * 10'486 >> 20U) & 0x0000007f'0000007fULL;  // / 100
    parts = high | (parts - high * 100) << 16U;
    high = (parts * 103 >> 10U) & 0x000f'000f'000f'000fULL;  // / 10
    parts = high | (parts - high * 10) << 8U;
    parts |= 0x3030'3030'3030'3030ULL;
    if constexpr (std::endian::native == std::endian::big) parts = __builtin_bswap64(parts);
    std::memcpy(to, &parts, sizeof(parts));
}

}  // namespace

SyntheticUids::SyntheticUids(std::uint64_t count)
    : count_(count), bits_(std::max(2U, static_cast<unsigned>(std::bit_width(count - 1)))) {}

void SyntheticUids::write(std::uint64_t number, UidText& out) {
    static_assert(kRoot.size() + 20 <= sizeof(out.chars));
    char* at = out.chars.data();
    std::memcpy(at, kRoot.data(), kRoot.size());
    at += kRoot.size();
    const std::uint64_t mixed = mix(number);
    std::array<char, 8> first;
    write_8_digits(mixed / 10'000'000'000'000'000, first.data());
    std::memcpy(at, first.data() + 4, 4);  // 64 bits are less than 20 digits
    write_8_digits(mixed / 100'000'000 % 100'000'000, at + 4);
    write_8_digits(mixed % 100'000'000, at + 12);
    out.size = static_cast<std::uint32_t>(kRoot.size() + 20);
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
