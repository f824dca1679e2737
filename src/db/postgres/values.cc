#include "db/postgres/values.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

namespace larmor::db::postgres {
namespace {

enum Type : unsigned {
    kBool = 16,
    kBytes = 17,
    kChar = 18,
    kName = 19,
    kInt8 = 20,
    kInt2 = 21,
    kInt4 = 23,
    kText = 25,
    kFloat4 = 700,
    kFloat8 = 701,
    kUnknown = 705,
    kFixedText = 1042,
    kVariableText = 1043,
    kNumeric = 1700,
    kVoid = 2278,
};

/// Of 1 to 8 bytes, most significant first.
std::uint64_t load(Bytes bytes) {
    std::uint64_t value = 0;
    for (const std::byte byte : bytes.first(std::min<std::size_t>(bytes.size(), 8))) {
        value = value << 8 | std::to_integer<std::uint64_t>(byte);
    }
    return value;
}

/// Digits to the base 10,000 behind a head of four 16-bit numbers: their count, the weight of
/// the first, the sign, the decimals. Source: PostgreSQL 15, numeric_send.
struct Numeric {
    explicit Numeric(Bytes value) : bytes(value) {
        if (bytes.size() < 8) return;
        digits = std::min<std::size_t>(load(bytes.first(2)), (bytes.size() - 8) / 2);
        weight = static_cast<std::int16_t>(load(bytes.subspan(2, 2)));
        negative = load(bytes.subspan(4, 2)) == 0x4000;
    }
    std::int64_t digit(std::size_t i) const {
        return i < digits ? static_cast<std::int64_t>(load(bytes.subspan(8 + 2 * i, 2))) : 0;
    }
    Bytes bytes;
    std::size_t digits = 0;
    int weight = 0;
    bool negative = false;
};

std::int64_t whole_of(const Numeric& number) {
    std::uint64_t value = 0;
    for (int i = 0; i <= number.weight; ++i) {
        value = value * 10'000 +
                static_cast<std::uint64_t>(number.digit(static_cast<std::size_t>(i)));
    }
    return static_cast<std::int64_t>(number.negative ? 0 - value : value);
}

double real_of(const Numeric& number) {
    double value = 0;
    for (std::size_t i = 0; i < number.digits; ++i) {
        value += static_cast<double>(number.digit(i)) *
                 std::pow(10'000.0, number.weight - static_cast<int>(i));
    }
    return number.negative ? -value : value;
}

}  // namespace

bool is_readable(unsigned type) {
    static constexpr auto kTypes = std::to_array<unsigned>(
        {kBool, kBytes, kChar, kName, kInt8, kInt2, kInt4, kText, kFloat4, kFloat8, kUnknown,
         kFixedText, kVariableText, kNumeric, kVoid});
    return std::ranges::find(kTypes, type) != kTypes.end();
}

std::int64_t to_int64(unsigned type, Bytes value) {
    switch (type) {
        case kBool:
        case kInt8:
            return static_cast<std::int64_t>(load(value));
        case kInt2:
            return static_cast<std::int16_t>(load(value));
        case kInt4:
            return static_cast<std::int32_t>(load(value));
        case kNumeric:
            return whole_of(Numeric(value));
        case kFloat4:
        case kFloat8:
            return static_cast<std::int64_t>(to_double(type, value));
        default:
            return 0;
    }
}

double to_double(unsigned type, Bytes value) {
    switch (type) {
        case kFloat4:
            return std::bit_cast<float>(static_cast<std::uint32_t>(load(value)));
        case kFloat8:
            return std::bit_cast<double>(load(value));
        case kNumeric:
            return real_of(Numeric(value));
        default:
            return static_cast<double>(to_int64(type, value));
    }
}

}  // namespace larmor::db::postgres
