#include "base/ids.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/result.h"

namespace larmor {

void fill_random(std::span<std::byte> out) {
    while (!out.empty()) {
        const ssize_t count = getrandom(out.data(), out.size(), 0);
        LARMOR_CHECK(count > 0 || errno == EINTR);
        if (count > 0) out = out.subspan(static_cast<std::size_t>(count));
    }
}

std::string random_id() {
    // Many at a time: the boundary of each multipart answer is one.
    constexpr std::size_t kIdBytes = 16;
    thread_local std::array<std::byte, 16 * kIdBytes> ahead;
    thread_local std::size_t used = ahead.size();
    if (used == ahead.size()) {
        fill_random(ahead);
        used = 0;
    }
    const auto id = Bytes(ahead).subspan(used, kIdBytes);
    used += kIdBytes;
    return to_hex(id);
}

namespace {
std::array<std::byte, 16> uuid_bytes() {
    std::array<std::byte, 16> bytes{};
    fill_random(bytes);
    bytes[6] = (bytes[6] & std::byte{0x0f}) | std::byte{0x40};
    bytes[8] = (bytes[8] & std::byte{0x3f}) | std::byte{0x80};
    return bytes;
}
}  // namespace

std::string random_uuid() {
    std::string text = to_hex(uuid_bytes());
    for (const std::size_t at : {8, 13, 18, 23}) text.insert(at, 1, '-');
    return text;
}

std::string random_uid() {
    __extension__ unsigned __int128 value = 0;
    for (const std::byte byte : uuid_bytes()) value = value << 8 | static_cast<unsigned>(byte);
    std::string digits;
    for (; value != 0; value /= 10)
        digits.insert(digits.begin(), static_cast<char>('0' + value % 10));
    return "2.25." + digits;
}

namespace {

/// The highest bit of each byte is set where that one of eight characters is neither a digit
/// nor a dot.
std::uint64_t other_than_uid(const std::byte* eight) {
    constexpr std::uint64_t kEach = 0x0101'0101'0101'0101ULL, kLow = 0x7f * kEach;
    const auto text = load_little<std::uint64_t>(eight);
    const std::uint64_t digit = text ^ '0' * kEach;  // 0 to 9
    const std::uint64_t dot = text ^ '.' * kEach;    // 0
    const std::uint64_t no_digit = ((digit & kLow) + (0x7f - 9) * kEach) | digit;
    const std::uint64_t no_dot = ((dot & kLow) + kLow) | dot;
    return no_digit & no_dot & ~kLow;
}

}  // namespace

bool is_uid_key_part(std::string_view uid) {
    if (uid.empty() || uid.size() > 64 || uid == "." || uid == "..") return false;
    // Every member of an archive passes here: eight characters at a time take a tenth of what
    // find_first_not_of takes. The last eight overlap those before.
    std::uint64_t other = 0;
    std::array<std::byte, 8> padded;
    Bytes text = as_bytes(uid);
    if (text.size() < padded.size()) {
        padded.fill(std::byte{'0'});
        std::ranges::copy(text, padded.begin());
        text = padded;
    }
    for (std::size_t i = 0; i + 8 < text.size(); i += 8) other |= other_than_uid(&text[i]);
    other |= other_than_uid(&text[text.size() - 8]);
    return other == 0;
}

}  // namespace larmor
