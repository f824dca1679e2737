#pragma once
#include "pixels/codecs/codec.h"

namespace larmor::pixels::codecs {

/// Native samples of one frame, swapped to little endian and with YBR_FULL_422 spread to three
/// samples a pixel. `stored` starts `bit_offset` bits before the frame (FrameLocation) and may
/// be longer; without anything to change the result is a view of it.
/// Errors: InvalidInput when it is shorter than the frame; Unsupported for YBR_PARTIAL_420.
Result<Decoded> decode_native(const ImageDescription& image, Bytes stored,
                              std::uint32_t bit_offset);

/// Turns `count` words of `word_bytes` (2, 4, 8) round; `in` needs no alignment.
void swap_words(const std::byte* in, std::size_t count, std::size_t word_bytes, std::byte* out);

}  // namespace larmor::pixels::codecs
