#pragma once
#include <cstdint>

#include "base/bytes.h"
#include "pixels/frame.h"
#include "pixels/image_description.h"

/// The walls: one file per library that reads codestreams. None of their types come out, none
/// of their exceptions or longjmps either.
namespace larmor::pixels::codecs {

/// What the data set says that the codestream must hold.
struct Expected {
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    std::uint16_t samples = 1;
    std::uint16_t bits_allocated = 0;
    std::uint16_t bits_stored = 0;
    Photometric photometric = Photometric::Unknown;
    std::uint64_t memory_max_bytes = 0;

    std::uint64_t pixels() const { return static_cast<std::uint64_t>(rows) * columns; }
    std::uint64_t sample_count() const { return pixels() * samples; }
};

/// Samples as a codec gives them: in the machine's byte order, in 1, 2, 4 or 8 bytes each, of
/// which the low `precision` bits count.
struct Decoded {
    Bytes samples;        ///< in `buffer`, or in the bytes that were decoded (native)
    SampleBuffer buffer;  ///< may be empty
    unsigned bytes_per_sample = 1;
    unsigned precision = 8;
    /// The codec knows the sign and has extended it; otherwise Pixel Representation decides.
    bool is_extended = false;
    /// Sign bit at `precision` - 1 instead of where the data set says (JPEG 2000).
    bool sign_at_precision = false;
    bool is_planar = false;    ///< plane after plane
    bool packed_bits = false;  ///< eight 1-bit pixels a byte, first pixel in the lowest bit
    Photometric photometric = Photometric::Unknown;  ///< of the samples

    void own(SampleBuffer from) {
        buffer = std::move(from);
        samples = buffer.bytes();
    }
};

/// Errors of all: InvalidInput for broken codestreams and such that contradict `expected`,
/// Unsupported, LimitExceeded.
Result<Decoded> decode_rle(Bytes stream, const Expected& expected);
Result<Decoded> decode_deflated(Bytes stream, std::uint64_t native_bytes,
                                const Expected& expected);
/// All of ISO/IEC 10918-1: 8-bit DCT by libjpeg-turbo, the others by DCMTK's libraries.
Result<Decoded> decode_jpeg(Bytes stream, const Expected& expected);
Result<Decoded> decode_jpeg_8_bit(Bytes stream, const Expected& expected, bool stream_is_ybr);
Result<Decoded> decode_jpeg_dcmtk(Bytes stream, const Expected& expected, unsigned precision);
Result<Decoded> decode_jpeg_ls(Bytes stream, const Expected& expected);
/// Part 15 (HTJ2K) too.
Result<Decoded> decode_jpeg_2000(Bytes stream, const Expected& expected);

/// The check that every codec makes before it takes memory. `coding` names it in the error.
Result<void> check_dimensions(const char* coding, const Expected& expected, std::uint64_t rows,
                              std::uint64_t columns, std::uint64_t samples, unsigned precision);
/// Errors: LimitExceeded when sample_count * bytes is more than the data set may take.
Result<void> check_memory(const char* coding, const Expected& expected,
                          std::uint64_t bytes_per_sample);

}  // namespace larmor::pixels::codecs
