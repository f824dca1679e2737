#pragma once
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "pixels/frame.h"

namespace larmor::pixels {

/// CRC-32 (ISO 3309, zlib's) of parts that follow each other.
std::uint32_t checksum_of(std::span<const Bytes> parts);

/// What is said of one decoded frame.
struct FrameFacts {
    std::uint32_t checksum = 0;  ///< of its samples as they lie in the frame, little endian
    double min = 0;              ///< of the stored values, of all samples, padding too
    double max = 0;
};
FrameFacts facts_of(const Frame& frame);

}  // namespace larmor::pixels
