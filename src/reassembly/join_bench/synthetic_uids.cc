#include "reassembly/join_bench/synthetic_uids.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace larmor::reassembly::join_bench {
namespace {

// Ends with the 1 that the digits follow: no component begins with a zero.
constexpr std::string_view kRoot = "1.3.6.1.4.1.14519.5.2.1.7009.2403.1";
constexpr std::size_t kDigits = 22;

/// A bijection of 64 bits: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).
std::uint64_t mix(std::uint64_t number) {
    number = (number ^ number >> 30U) * 0xbf58476d1ce4e5b9ULL;
    number = (number ^ number >> 27U) * 0x94d049bb133111ebULL;
    return number ^ number >> 31U;
}

/// 24 bits as 8 octal digits, all of them in one register. Decimal ones would take several
/// times as long, and making the UIDs must not be what is measured.
void write_8_digits(std::uint64_t number, char* to) {
    std::uint64_t parts = (number >> 12U & 0xfff) | (number & 0xfff) << 32U;
    parts = (parts >> 6U & 0x0000003f'0000003fULL) | (parts & 0x0000003f'0000003fULL) << 16U;
    parts = (parts >> 3U & 0x0007'0007'0007'0007ULL) | (parts & 0x0007'0007'0007'0007ULL) << 8U;
    parts |= 0x3030'3030'3030'3030ULL;
    if constexpr (std::endian::native == std::endian::big) parts = __builtin_bswap64(parts);
    std::memcpy(to, &parts, sizeof(parts));
}

}  // namespace

SyntheticUids::SyntheticUids(std::uint64_t count)
    : count_(count), bits_(std::max(2U, static_cast<unsigned>(std::bit_width(count - 1)))) {}

void SyntheticUids::write(std::uint64_t number, UidText& out) {
    static_assert(kRoot.size() + kDigits <= sizeof(out.chars));
    char* const digits = out.chars.data() + kRoot.size();
    const std::uint64_t mixed = mix(number);
    // 64 bits are 22 digits: the first two of these are zeros, over which the root is written.
    write_8_digits(mixed >> 48U, digits - 2);
    write_8_digits(mixed >> 24U, digits + 6);
    write_8_digits(mixed, digits + 14);
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
