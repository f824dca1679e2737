// Deflated Image Frame Compression: each frame a raw deflate stream of its native bytes.
// Source: PS3.5 section A.4.13, RFC 1951.
#include <libdeflate.h>

#include <string>

#include "pixels/codecs/codec.h"

namespace larmor::pixels::codecs {

Result<Decoded> decode_deflated(Bytes stream, std::uint64_t native_bytes,
                                const Expected& expected) {
    if (native_bytes > expected.memory_max_bytes) {
        return fail(ErrorCode::LimitExceeded,
                    "deflated frame: " + std::to_string(native_bytes) + " bytes are too many");
    }
    const std::unique_ptr<libdeflate_decompressor, decltype(&libdeflate_free_decompressor)>
        decompressor(libdeflate_alloc_decompressor(), &libdeflate_free_decompressor);
    if (!decompressor) return fail(ErrorCode::LimitExceeded, "deflated frame: out of memory");

    // One more byte than asked for: a frame of odd length may have been padded before.
    SampleBuffer out(native_bytes + 1);
    std::size_t made = 0;
    const auto result = libdeflate_deflate_decompress(
        decompressor.get(), stream.data(), stream.size(), out.data(), out.size(), &made);
    if (result != LIBDEFLATE_SUCCESS || made < native_bytes) {
        return fail(ErrorCode::InvalidInput,
                    std::string("deflated frame: ") +
                        (result == LIBDEFLATE_INSUFFICIENT_SPACE ? "more"
                         : result == LIBDEFLATE_SUCCESS          ? "less"
                                                                 : "broken, or not") +
                        " than the " + std::to_string(native_bytes) + " bytes of a frame");
    }
    Decoded decoded;
    decoded.own(std::move(out));
    decoded.samples = decoded.samples.first(native_bytes);
    decoded.photometric = expected.photometric;
    return decoded;
}

}  // namespace larmor::pixels::codecs
