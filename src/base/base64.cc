#include "base/base64.h"

#include <array>

#if defined(__x86_64__)
#include <tmmintrin.h>
#endif

namespace larmor {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

constexpr std::array<std::int8_t, 256> make_values() {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
        values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::int8_t>(i);
    }
    return values;
}

#if defined(__x86_64__)
/// Writes the part that fits into whole steps of 12 bytes, of which 16 must be readable;
/// returns how many bytes that was. After W. Mula and D. Lemire, "Faster Base64 Encoding and
/// Decoding using AVX2 Instructions" (2018).
__attribute__((target("ssse3"))) std::size_t write_base64_wide(char* to, Bytes bytes) {
    const __m128i spread = _mm_set_epi8(10, 11, 9, 10, 7, 8, 6, 7, 4, 5, 3, 4, 1, 2, 0, 1);
    // What to add to an index, by its range: A-Z, a-z, ten times 0-9, plus, slash.
    const __m128i offsets =
        _mm_setr_epi8('a' - 26, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52, '0' - 52,
                      '0' - 52, '0' - 52, '0' - 52, '0' - 52, '+' - 62, '/' - 63, 'A', 0, 0);
    std::size_t i = 0;
    for (; bytes.size() - i >= 16; i += 12, to += 16) {
        const __m128i in = _mm_shuffle_epi8(
            _mm_loadu_si128(reinterpret_cast<const __m128i*>(bytes.data() + i)), spread);
        const __m128i high = _mm_mulhi_epu16(_mm_and_si128(in, _mm_set1_epi32(0x0fc0fc00)),
                                             _mm_set1_epi32(0x04000040));
        const __m128i low = _mm_mullo_epi16(_mm_and_si128(in, _mm_set1_epi32(0x003f03f0)),
                                            _mm_set1_epi32(0x01000010));
        const __m128i index = _mm_or_si128(high, low);
        const __m128i upper_case = _mm_cmpgt_epi8(_mm_set1_epi8(26), index);
        const __m128i range = _mm_or_si128(_mm_subs_epu8(index, _mm_set1_epi8(51)),
                                           _mm_and_si128(upper_case, _mm_set1_epi8(13)));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to),
                         _mm_add_epi8(_mm_shuffle_epi8(offsets, range), index));
    }
    return i;
}

/// Reads as many steps of 16 characters as there are before one that is none of base64; returns
/// how many characters that was. Writes 16 bytes for each step, of which 12 count. Looks the
/// classes of both halves of a character up, which have a bit in common where it is wrong.
/// After W. Mula and D. Lemire, the same.
__attribute__((target("ssse3"))) std::size_t read_base64_wide(std::string_view text,
                                                              std::byte* to) {
    const __m128i low_classes = _mm_setr_epi8(0x15, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
                                              0x11, 0x11, 0x13, 0x1a, 0x1b, 0x1b, 0x1b, 0x1a);
    const __m128i high_classes = _mm_setr_epi8(0x10, 0x10, 0x01, 0x02, 0x04, 0x08, 0x04, 0x08,
                                               0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x10);
    // What to add to a character, by its high half; a slash has a place of its own.
    const __m128i offsets = _mm_setr_epi8(0, 63 - '/', 62 - '+', 52 - '0', -'A', -'A', 26 - 'a',
                                          26 - 'a', 0, 0, 0, 0, 0, 0, 0, 0);
    const __m128i order = _mm_setr_epi8(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, -1, -1, -1, -1);
    const __m128i slash = _mm_set1_epi8('/');
    std::size_t i = 0;
    for (; text.size() - i >= 16; i += 16, to += 12) {
        const __m128i in = _mm_loadu_si128(reinterpret_cast<const __m128i*>(text.data() + i));
        const __m128i high = _mm_and_si128(_mm_srli_epi32(in, 4), _mm_set1_epi8(0x0f));
        const __m128i low = _mm_and_si128(in, _mm_set1_epi8(0x0f));
        const __m128i wrong = _mm_and_si128(_mm_shuffle_epi8(low_classes, low),
                                            _mm_shuffle_epi8(high_classes, high));
        if (_mm_movemask_epi8(_mm_cmpeq_epi8(wrong, _mm_setzero_si128())) != 0xffff) break;
        const __m128i range = _mm_add_epi8(_mm_cmpeq_epi8(in, slash), high);
        const __m128i values = _mm_add_epi8(in, _mm_shuffle_epi8(offsets, range));
        // Four values of six bits become three bytes, in an order that is then turned round.
        const __m128i pairs = _mm_maddubs_epi16(values, _mm_set1_epi32(0x01400140));
        const __m128i fours = _mm_madd_epi16(pairs, _mm_set1_epi32(0x00011000));
        _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm_shuffle_epi8(fours, order));
    }
    return i;
}
#endif

}  // namespace

char* write_base64(char* to, Bytes bytes) {
    std::size_t i = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("ssse3")) i = write_base64_wide(to, bytes);
    to += i / 3 * 4;
#endif
    const auto at = [&](std::size_t k) { return static_cast<std::uint32_t>(bytes[k]); };
    for (; i + 3 <= bytes.size(); i += 3) {
        const std::uint32_t three = at(i) << 16 | at(i + 1) << 8 | at(i + 2);
        *to++ = kAlphabet[three >> 18];
        *to++ = kAlphabet[three >> 12 & 63];
        *to++ = kAlphabet[three >> 6 & 63];
        *to++ = kAlphabet[three & 63];
    }
    if (const std::size_t left = bytes.size() - i; left > 0) {
        const std::uint32_t rest = at(i) << 16 | (left == 2 ? at(i + 1) << 8 : 0);
        *to++ = kAlphabet[rest >> 18];
        *to++ = kAlphabet[rest >> 12 & 63];
        *to++ = left == 2 ? kAlphabet[rest >> 6 & 63] : '=';
        *to++ = '=';
    }
    return to;
}

void append_base64(std::string& out, Bytes bytes) {
    const std::size_t start = out.size();
    out.resize(start + base64_size(bytes.size()));
    write_base64(out.data() + start, bytes);
}

Result<ByteBuffer> from_base64(std::string_view text) {
    static constexpr auto kValues = make_values();
    if (text.size() % 4 != 0)
        return invalid_at(text.size(), "base64 text is not a multiple of four");
    constexpr std::size_t kStepBytes = 16;
    ByteBuffer bytes(text.size() / 4 * 3 + kStepBytes);
    std::byte* to = bytes.data();
    std::size_t i = 0;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("ssse3")) i = read_base64_wide(text, to);
    to += i / 4 * 3;
#endif
    for (; i < text.size(); i += 4) {
        const bool last = i + 4 == text.size();
        const std::size_t padding = !last                                      ? 0
                                    : text[i + 2] == '=' && text[i + 3] == '=' ? 2
                                    : text[i + 3] == '='                       ? 1
                                                                               : 0;
        std::uint32_t four = 0;
        for (std::size_t k = 0; k < 4; ++k) {
            const int value =
                k >= 4 - padding ? 0 : kValues[static_cast<unsigned char>(text[i + k])];
            if (value < 0) return invalid_at(i + k, "not a base64 character");
            four = four << 6 | static_cast<std::uint32_t>(value);
        }
        for (std::size_t k = 0; k < 3 - padding; ++k) {
            *to++ = static_cast<std::byte>(four >> (16 - 8 * k));
        }
    }
    bytes.resize(static_cast<std::size_t>(to - bytes.data()));
    return bytes;
}

std::string to_base64url(Bytes bytes) {
    std::string text = to_base64(bytes);
    while (!text.empty() && text.back() == '=') text.pop_back();
    for (char& c : text) c = c == '+' ? '-' : c == '/' ? '_' : c;
    return text;
}

}  // namespace larmor
