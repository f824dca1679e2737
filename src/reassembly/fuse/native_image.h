#pragma once
#include <cstdint>
#include <vector>

#include "base/bytes.h"

namespace larmor::reassembly::fuse {

/// The pixels of a PNG or of one page of a TIFF, as native Pixel Data has them.
struct NativeImage {
    enum class Colour : std::uint8_t { Grey, InvertedGrey, Rgb, Palette };
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    unsigned samples = 1;  ///< those of a pixel stand next to each other
    unsigned bits = 8;     ///< of a sample: 8, or 16 in little endian; fewer came in 8
    Colour colour = Colour::Grey;
    ByteBuffer pixels;
};

/// At most `pixels_max_bytes` are made, of all pages together. Errors: InvalidInput for what is
/// none or is cut or broken; Unsupported for alpha channels, other depths and tiles;
/// LimitExceeded.
Result<NativeImage> read_png(Bytes file, std::uint64_t pixels_max_bytes);
Result<std::vector<NativeImage>> read_tiff(Bytes file, std::uint64_t pixels_max_bytes);

}  // namespace larmor::reassembly::fuse
