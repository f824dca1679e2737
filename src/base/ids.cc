#include "base/ids.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "base/bytes.h"
#include "base/hash.h"
#include "base/result.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/// Every member of an archive passes here: sixteen characters at a time take a twentieth of
/// what find_first_not_of takes. The last sixteen overlap those before.
constexpr std::size_t kUidStep = 16;

#ifdef __SSE2__
/// A byte is not 0 where that one of sixteen characters is neither a digit nor a dot.
__m128i other_than_uid(const std::byte* sixteen) {
    const __m128i text = _mm_loadu_si128(reinterpret_cast<const __m128i*>(sixteen));
    const __m128i from_dot = _mm_sub_epi8(text, _mm_set1_epi8('.'));  // 0, of digits 2 to 11
    return _mm_or_si128(_mm_subs_epu8(from_dot, _mm_set1_epi8('9' - '.')),
                        _mm_cmpeq_epi8(from_dot, _mm_set1_epi8('/' - '.')));
}

bool is_uid_text(Bytes text) {
    __m128i other = other_than_uid(&text[text.size() - kUidStep]);
    for (std::size_t i = 0; i + kUidStep < text.size(); i += kUidStep) {
        other = _mm_or_si128(other, other_than_uid(&text[i]));
    }
    return _mm_movemask_epi8(_mm_cmpeq_epi8(other, _mm_setzero_si128())) == 0xffff;
}
#else
bool is_uid_text(Bytes text) {
    return as_text(text).find_first_not_of(".0123456789") == std::string_view::npos;
}
#endif

}  // namespace

bool is_uid_key_part(std::string_view uid) {
    if (uid.empty() || uid.size() > 64 || uid == "." || uid == "..") return false;
    if (uid.size() >= kUidStep) return is_uid_text(as_bytes(uid));
    std::array<std::byte, kUidStep> padded;
    padded.fill(std::byte{'0'});
    std::ranges::copy(as_bytes(uid), padded.begin());
    return is_uid_text(padded);
}

}  // namespace larmor
