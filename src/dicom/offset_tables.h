#pragma once
#include <cstdint>
#include <span>

#include "base/bytes.h"
#include "dicom/writer.h"

namespace larmor::dicom {

/// A frame of encapsulated Pixel Data, by its fragments.
struct FrameFragments {
    std::size_t count = 0;
    std::uint64_t codestream_bytes = 0;  ///< without padding
    std::uint64_t item_bytes = 0;        ///< with padding, tags and lengths

    void add(std::uint64_t fragment_bytes);
};

/// Values of the tables, of which at least one is empty.
struct OffsetTables {
    ByteBuffer basic;
    ByteBuffer extended;
    ByteBuffer extended_lengths;  ///< of codestreams, which may be odd
};

enum class OffsetTableForm : std::uint8_t {
    BasicIfItFits,
    ExtendedIfItMay,  ///< where every frame is one fragment
};

/// The Basic Offset Table where its offsets fit in 32 bits, or the Extended one beside an empty
/// Basic one where every frame is one fragment; neither where it can't be.
/// Source: PS3.5 section A.4, PS3.3 section C.7.6.3.1.8.
OffsetTables offset_tables(std::span<const FrameFragments> frames, OffsetTableForm form);

/// Writes the Extended Offset Table, where there is one, starts Pixel Data and writes its
/// Basic one: the frames' fragments come next.
void start_pixel_data(const OffsetTables& tables, Writer& writer);

}  // namespace larmor::dicom
