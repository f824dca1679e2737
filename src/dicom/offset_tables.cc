#include "dicom/offset_tables.h"

#include <algorithm>

#include "dicom/tags.h"

namespace larmor::dicom {
namespace {

template <std::integral T>
void append_number(ByteBuffer& out, T value) {
    out.resize(out.size() + sizeof(T));
    store_little(out.data() + out.size() - sizeof(T), value);
}

}  // namespace

void FrameFragments::add(std::uint64_t fragment_bytes) {
    constexpr std::uint64_t kItemHeaderBytes = 8;
    ++count;
    codestream_bytes += fragment_bytes;
    item_bytes += kItemHeaderBytes + fragment_bytes + fragment_bytes % 2;
}

OffsetTables offset_tables(std::span<const FrameFragments> frames, OffsetTableForm form) {
    constexpr std::uint64_t kOffsetMax = 0xffffffff, kTableMaxBytes = 0xfffffffe;
    OffsetTables tables;
    const bool single = std::ranges::all_of(
        frames, [](const FrameFragments& frame) { return frame.count == 1; });
    std::uint64_t last = 0;
    for (std::size_t i = 0; i + 1 < frames.size(); ++i) last += frames[i].item_bytes;
    const bool fits =
        last <= kOffsetMax && frames.size() <= kTableMaxBytes / sizeof(std::uint32_t);
    std::uint64_t offset = 0;
    if (single && (form == OffsetTableForm::ExtendedIfItMay || !fits)) {
        for (const auto& frame : frames) {
            append_number(tables.extended, offset);
            append_number(tables.extended_lengths, frame.codestream_bytes);
            offset += frame.item_bytes;
        }
    } else if (fits) {
        for (const auto& frame : frames) {
            append_number(tables.basic, static_cast<std::uint32_t>(offset));
            offset += frame.item_bytes;
        }
    }
    return tables;
}

void start_pixel_data(const OffsetTables& tables, Writer& writer) {
    if (!tables.extended.empty()) {
        writer.element(tags::ExtendedOffsetTable, vr::OV, tables.extended);
        writer.element(tags::ExtendedOffsetTableLengths, vr::OV, tables.extended_lengths);
    }
    writer.start_fragments(tags::PixelData, vr::OB);
    writer.fragment(tables.basic);
}

}  // namespace larmor::dicom
