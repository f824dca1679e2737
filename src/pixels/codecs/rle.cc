// RLE Lossless: PackBits, one segment per byte plane. Source: PS3.5 annex G.
#include <string>

#include "pixels/codecs/codec.h"

namespace larmor::pixels::codecs {
namespace {

constexpr std::size_t kHeaderBytes = 64;
constexpr std::size_t kSegmentsMax = 15;

/// Unpacks one segment into `out` and says how many bytes it made. Stops when `out` is full:
/// encoders pad, and what follows is not ours.
std::size_t unpack(Bytes in, std::span<std::byte> out) {
    std::size_t from = 0;
    std::size_t to = 0;
    while (from < in.size() && to < out.size()) {
        const auto control = static_cast<std::int8_t>(in[from++]);
        if (control >= 0) {
            const auto count = std::min(
                {static_cast<std::size_t>(control) + 1, in.size() - from, out.size() - to});
            std::memcpy(out.data() + to, in.data() + from, count);
            from += count;
            to += count;
        } else if (control != -128) {
            if (from == in.size()) break;
            const auto count = std::min(static_cast<std::size_t>(1 - control), out.size() - to);
            std::memset(out.data() + to, static_cast<int>(in[from++]), count);
            to += count;
        }
    }
    return to;
}

/// Merges byte planes, most significant first, into little-endian samples of N bytes.
template <std::size_t N>
void merge(const std::byte* planes, std::size_t plane_bytes, std::byte* out) {
    for (std::size_t i = 0; i < plane_bytes; ++i) {
        for (std::size_t b = 0; b < N; ++b) {
            out[i * N + b] = planes[(N - 1 - b) * plane_bytes + i];
        }
    }
}

}  // namespace

Result<Decoded> decode_rle(Bytes stream, const Expected& expected) {
    if (stream.size() < kHeaderBytes) {
        return fail(ErrorCode::InvalidInput, "RLE: the header is cut");
    }
    const bool one_bit = expected.bits_allocated == 1;
    const std::size_t sample_bytes = one_bit ? 1 : expected.bits_allocated / 8;
    const std::size_t segments = expected.samples * sample_bytes;
    const auto declared = load_little<std::uint32_t>(stream.data());
    if (segments > kSegmentsMax || declared != segments) {
        return fail(ErrorCode::InvalidInput, "RLE: " + std::to_string(declared) +
                                                 " segments, " + std::to_string(segments) +
                                                 " expected");
    }
    // Planes, and the merged samples beside them.
    TRY_VOID(check_memory("RLE", expected, 2 * sample_bytes));

    const std::size_t plane_bytes = expected.pixels();
    SampleBuffer planes(plane_bytes * segments);
    std::size_t made = 0;
    for (std::size_t s = 0; s < segments; ++s) {
        const auto start = load_little<std::uint32_t>(stream.data() + 4 + 4 * s);
        const std::size_t end = s + 1 < segments
                                    ? load_little<std::uint32_t>(stream.data() + 8 + 4 * s)
                                    : stream.size();
        if (start < kHeaderBytes || start > end || end > stream.size()) {
            return fail(ErrorCode::InvalidInput,
                        "RLE: segment " + std::to_string(s) + " lies outside of the frame");
        }
        made = unpack(stream.subspan(start, end - start),
                      {planes.data() + s * plane_bytes, plane_bytes});
        // 1-bit frames come packed (PS3.5 section 8.2.2) or a byte a pixel.
        const bool packed = one_bit && made == (plane_bytes + 7) / 8;
        if (made != plane_bytes && !packed) {
            return fail(ErrorCode::InvalidInput, "RLE: segment " + std::to_string(s) +
                                                     " holds " + std::to_string(made) + " of " +
                                                     std::to_string(plane_bytes) + " bytes");
        }
    }
    Decoded decoded;
    decoded.photometric = expected.photometric;
    decoded.bytes_per_sample = static_cast<unsigned>(sample_bytes);
    decoded.precision = expected.bits_allocated;
    decoded.is_planar = expected.samples > 1;
    decoded.packed_bits = one_bit && made != plane_bytes;
    if (sample_bytes == 1) {
        decoded.own(std::move(planes));
        if (decoded.packed_bits) decoded.samples = decoded.samples.first(made);
        return decoded;
    }
    SampleBuffer merged(planes.size());
    for (std::size_t s = 0; s < expected.samples; ++s) {
        const auto at = s * sample_bytes * plane_bytes;
        switch (sample_bytes) {
            case 2:
                merge<2>(planes.data() + at, plane_bytes, merged.data() + at);
                break;
            case 4:
                merge<4>(planes.data() + at, plane_bytes, merged.data() + at);
                break;
            default:
                merge<8>(planes.data() + at, plane_bytes, merged.data() + at);
                break;
        }
    }
    decoded.own(std::move(merged));
    return decoded;
}

}  // namespace larmor::pixels::codecs
