// The stored form of the index. What each byte means: docs/formats/frame_index.md.
#include "pixels/frame_index.h"

#include <string>

#include "base/checked.h"
#include "pixels/frame_index_format.h"

namespace larmor::pixels {
namespace {

using namespace index_format;

tl::unexpected<Error> corrupt(const char* what) {
    return fail(ErrorCode::Corrupt, std::string("frame index: ") + what);
}

/// LEB128: seven bits a byte, low ones first. False at the end of the bytes or over 64 bits.
bool read_varint(Bytes bytes, std::size_t& at, std::uint64_t& value) {
    value = 0;
    for (unsigned shift = 0; shift < 64 && at < bytes.size(); shift += 7) {
        const auto byte = static_cast<std::uint64_t>(bytes[at++]);
        if (shift == 63 && byte > 1) return false;
        value |= (byte & 0x7f) << shift;
        if (byte < 0x80) return true;
    }
    return false;
}
void write_varint(ByteBuffer& out, std::uint64_t value) {
    while (value >= 0x80) {
        out.push_back(static_cast<std::byte>(value | 0x80));
        value >>= 7;
    }
    out.push_back(static_cast<std::byte>(value));
}

void append_head(ByteBuffer& out, Kind kind, std::uint8_t flags, std::uint32_t frames,
                 std::uint64_t first, std::uint64_t second) {
    out.resize(out.size() + kHeadBytes);
    auto* head = out.data() + out.size() - kHeadBytes;
    std::memcpy(head, kMagic.data(), kMagic.size());
    head[4] = std::byte{kVersion};
    head[5] = static_cast<std::byte>(kind);
    head[6] = static_cast<std::byte>(flags);
    head[7] = std::byte{0};
    store_little<std::uint32_t>(head + 8, frames);
    store_little<std::uint32_t>(head + 12, 0);
    store_little(head + 16, first);
    store_little(head + 24, second);
}

std::size_t block_count(std::uint32_t frames) {
    return (static_cast<std::size_t>(frames) + kFramesPerBlock - 1) / kFramesPerBlock;
}

FrameLocation locate_native(Bytes stored, std::uint8_t flags, std::uint32_t frame) {
    const auto offset = load_little<std::uint64_t>(stored.data() + 16);
    const auto frame_bits = load_little<std::uint64_t>(stored.data() + 24);
    const auto first_bit = frame_bits * frame;
    const auto unit = (flags & kInWords) != 0 ? 16U : 8U;
    const auto start = first_bit / unit * unit;
    const auto end = (first_bit + frame_bits + unit - 1) / unit * unit;
    return {{{offset + start / 8, (end - start) / 8}},
            static_cast<std::uint32_t>(first_bit - start)};
}

Result<FrameLocation> locate_encapsulated(Bytes stored, std::uint32_t frame,
                                          std::uint32_t frames) {
    const auto block = frame / kFramesPerBlock;
    const auto* entry = stored.data() + kHeadBytes + block * kBlockBytes;
    auto position = load_little<std::uint64_t>(entry);
    const auto body = stored.subspan(kHeadBytes + block_count(frames) * kBlockBytes);
    std::size_t at = load_little<std::uint32_t>(entry + 8);

    FrameLocation location;
    for (auto current = block * kFramesPerBlock; current <= frame; ++current) {
        std::uint64_t ranges = 0;
        if (!read_varint(body, at, ranges) || ranges > body.size()) {
            return corrupt("a frame's number of ranges");
        }
        for (std::uint64_t i = 0; i < ranges; ++i) {
            std::uint64_t gap = 0;
            std::uint64_t count = 0;
            if (!read_varint(body, at, gap) || !read_varint(body, at, count)) {
                return corrupt("a range is cut");
            }
            const auto start = checked_add(position, gap);
            const auto end = start ? checked_add(*start, count) : std::nullopt;
            if (!end) return corrupt("a range beyond 2^64");
            if (current == frame) location.ranges.push_back({*start, count});
            position = *end;
        }
    }
    return location;
}

}  // namespace

void index_format::write_native(ByteBuffer& out, std::uint8_t flags, std::uint32_t frames,
                                std::uint64_t offset, std::uint64_t frame_bits) {
    append_head(out, Kind::Native, flags, frames, offset, frame_bits);
}

index_format::EncapsulatedWriter::EncapsulatedWriter(std::uint8_t flags, std::uint32_t frames)
    : flags_(flags), frames_(frames) {}

void index_format::EncapsulatedWriter::add(std::span<const ByteRange> ranges) {
    if (added_ % kFramesPerBlock == 0) {
        blocks_.resize(blocks_.size() + kBlockBytes);
        auto* entry = blocks_.data() + blocks_.size() - kBlockBytes;
        store_little(entry, position_);
        // 2^32 bytes of body would be 700 million frames.
        LARMOR_CHECK(body_.size() <= std::numeric_limits<std::uint32_t>::max());
        store_little(entry + 8, static_cast<std::uint32_t>(body_.size()));
    }
    ++added_;
    write_varint(body_, ranges.size());
    for (const auto& range : ranges) {
        LARMOR_CHECK(range.offset >= position_);
        write_varint(body_, range.offset - position_);
        write_varint(body_, range.count);
        position_ = range.offset + range.count;
    }
}

ByteBuffer index_format::EncapsulatedWriter::finish() const {
    LARMOR_CHECK(added_ == frames_);
    ByteBuffer out;
    out.reserve(kHeadBytes + blocks_.size() + body_.size());
    append_head(out, Kind::Encapsulated, flags_, frames_, body_.size(), 0);
    out.insert(out.end(), blocks_.begin(), blocks_.end());
    out.insert(out.end(), body_.begin(), body_.end());
    return out;
}

Result<FrameIndexView> FrameIndexView::open(Bytes stored) {
    if (stored.size() < kHeadBytes ||
        std::memcmp(stored.data(), kMagic.data(), kMagic.size()) != 0) {
        return corrupt("no magic");
    }
    if (static_cast<std::uint8_t>(stored[4]) != kVersion) return corrupt("unknown version");
    const auto kind = static_cast<std::uint8_t>(stored[5]);
    const auto flags = static_cast<std::uint8_t>(stored[6]);
    FrameIndexView view;
    view.stored_ = stored;
    view.native_ = kind == static_cast<std::uint8_t>(Kind::Native);
    view.in_inflated_ = (flags & kInInflated) != 0;
    view.frame_count_ = load_little<std::uint32_t>(stored.data() + 8);
    const auto first = load_little<std::uint64_t>(stored.data() + 16);
    const auto second = load_little<std::uint64_t>(stored.data() + 24);
    if (view.native_) {
        const auto bits = checked_multiply<std::uint64_t>(second, view.frame_count_);
        // 16: rounding to words.
        const auto end = bits ? checked_add(first, *bits / 8 + 16) : std::nullopt;
        if (stored.size() != kHeadBytes || second == 0 || !end) return corrupt("native sizes");
        return view;
    }
    if (kind != static_cast<std::uint8_t>(Kind::Encapsulated)) return corrupt("unknown kind");
    const auto left = stored.size() - kHeadBytes;
    const auto blocks = block_count(view.frame_count_) * kBlockBytes;
    if (blocks > left || first != left - blocks) return corrupt("sizes");
    return view;
}

Result<FrameLocation> FrameIndexView::locate(std::uint32_t frame) const {
    if (frame >= frame_count_) {
        return fail(ErrorCode::NotFound, "frame " + std::to_string(frame + 1ULL) + " of " +
                                             std::to_string(frame_count_));
    }
    if (native_) {
        return locate_native(stored_, static_cast<std::uint8_t>(stored_[6]), frame);
    }
    return locate_encapsulated(stored_, frame, frame_count_);
}

FrameIndexView FrameIndex::view() const {
    auto opened = FrameIndexView::open(stored);
    LARMOR_CHECK(opened.has_value());
    return *opened;
}

}  // namespace larmor::pixels
