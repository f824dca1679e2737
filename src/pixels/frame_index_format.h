#pragma once
#include <array>
#include <cstdint>
#include <span>

#include "base/bytes.h"

/// Writing the stored form of a frame index; reading it is FrameIndexView.
/// docs/formats/frame_index.md describes the bytes.
namespace larmor::pixels::index_format {

inline constexpr std::array<char, 4> kMagic = {'L', 'F', 'I', 'X'};
inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::size_t kHeadBytes = 32;
inline constexpr std::size_t kBlockBytes = 12;
inline constexpr std::uint32_t kFramesPerBlock = 64;

enum class Kind : std::uint8_t { Native = 0, Encapsulated = 1 };
/// Offsets are in the inflated data set.
inline constexpr std::uint8_t kInInflated = 1;
/// Samples of 8 bits or less lie in big-endian 16-bit words.
inline constexpr std::uint8_t kInWords = 2;

void write_native(ByteBuffer& out, std::uint8_t flags, std::uint32_t frames,
                  std::uint64_t offset, std::uint64_t frame_bits);

/// Takes the frames in order; their ranges must ascend, as fragments do.
class EncapsulatedWriter {
public:
    EncapsulatedWriter(std::uint8_t flags, std::uint32_t frames);
    void add(std::span<const ByteRange> ranges);
    ByteBuffer finish() const;

private:
    std::uint8_t flags_;
    std::uint32_t frames_;
    std::uint32_t added_ = 0;
    std::uint64_t position_ = 0;
    ByteBuffer blocks_;
    ByteBuffer body_;
};

}  // namespace larmor::pixels::index_format
