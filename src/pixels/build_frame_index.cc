// How frames are found in Pixel Data: the rules of frame_index.h, in their order.
#include <string>

#include "pixels/fragments.h"
#include "pixels/frame_index.h"
#include "pixels/frame_index_format.h"

namespace larmor::pixels {
namespace {

using namespace index_format;

Result<FrameIndex> native_index(const ImageDescription& image, std::uint8_t flags,
                                std::uint64_t base) {
    const auto& element = *image.pixel_data;
    const auto frame_bits = image.frame_bits();
    // No overflow: a value is shorter than 2^32 bytes, or it would not be of defined length.
    const auto whole = element.count * 8 / frame_bits;
    FrameIndex index;
    if (whole == 0) {
        return fail(ErrorCode::InvalidInput, "Pixel Data has " + std::to_string(element.count) +
                                                 " bytes, one frame takes " +
                                                 std::to_string((frame_bits + 7) / 8));
    }
    auto frames = image.number_of_frames;
    if (whole < frames) {
        index.notes.push_back("Number of Frames is " + std::to_string(frames) +
                              ", Pixel Data holds " + std::to_string(whole));
        frames = static_cast<std::uint32_t>(whole);
    }
    // 1-bit and 8-bit frames in 16-bit words of the other byte order start and end with words.
    const bool in_words =
        image.big_endian && image.bits_allocated <= 8 && element.vr == dicom::vr::OW;
    if (in_words) flags |= kInWords;
    write_native(index.stored, flags, frames, base + element.value_offset, frame_bits);
    return index;
}

/// A table of integers of the given size, in the byte order of the data set.
std::vector<std::uint64_t> read_offsets(Bytes table, std::size_t entry_bytes) {
    std::vector<std::uint64_t> offsets;
    if (table.size() % entry_bytes != 0) return offsets;
    offsets.reserve(table.size() / entry_bytes);
    // Encapsulated data sets are little endian (PS3.5 section A.4).
    for (std::size_t at = 0; at < table.size(); at += entry_bytes) {
        offsets.push_back(entry_bytes == 8 ? load_little<std::uint64_t>(table.data() + at)
                                           : load_little<std::uint32_t>(table.data() + at));
    }
    return offsets;
}

class EncapsulatedIndex {
public:
    EncapsulatedIndex(const dicom::File& file, const ImageDescription& image,
                      Fragments fragments, std::uint64_t base)
        : file_(file), image_(image), fragments_(std::move(fragments)), base_(base) {}

    Result<FrameIndex> build(std::uint8_t flags) {
        TRY(const auto starts, find_starts());
        const auto frames = static_cast<std::uint32_t>(starts.size());
        EncapsulatedWriter writer(flags, frames);
        std::vector<ByteRange> ranges;
        for (std::uint32_t frame = 0; frame < frames; ++frame) {
            ranges.clear();
            const std::size_t end =
                frame + 1 < frames ? starts[frame + 1] : fragments_.items.size();
            for (std::size_t i = starts[frame]; i < end; ++i) {
                const auto& item = fragments_.items[i];
                if (item.count != 0) ranges.push_back({base_ + item.offset, item.count});
            }
            if (frame < lengths_.size()) cut_to(ranges, lengths_[frame]);
            writer.add(ranges);
        }
        index_.stored = writer.finish();
        return std::move(index_);
    }

private:
    Result<FrameStarts> find_starts() {
        const auto frames = image_.number_of_frames;
        const auto count = fragments_.items.size();
        if (count == 0) return fail(ErrorCode::InvalidInput, "Pixel Data without fragments");
        if (auto starts = by_extended_table()) return *std::move(starts);
        if (auto starts = by_basic_table()) return *std::move(starts);
        if (frames == 1) return FrameStarts{0};
        if (count == frames) {
            FrameStarts starts(count);
            for (std::size_t i = 0; i < count; ++i) starts[i] = static_cast<std::uint32_t>(i);
            return starts;
        }
        if (!has_starts()) return no_rule();
        const auto coding = file_.transfer_syntax->coding;
        auto starts =
            starts_by_codestream(file_.data_set, fragments_, coding, BeforeStart::Ended);
        if (starts.size() != frames) {
            auto all =
                starts_by_codestream(file_.data_set, fragments_, coding, BeforeStart::Anything);
            if (all.size() == frames) starts = std::move(all);
        }
        if (starts.empty() || starts[0] != 0) return no_rule();
        if (starts.size() != frames) {
            index_.notes.push_back("Number of Frames is " + std::to_string(frames) +
                                   ", the fragments hold " + std::to_string(starts.size()));
            if (starts.size() > frames) starts.resize(frames);
        }
        return starts;
    }
    tl::unexpected<Error> no_rule() const {
        return fail(ErrorCode::InvalidInput,
                    std::to_string(fragments_.items.size()) +
                        " fragments without a usable offset table cannot be parted into " +
                        std::to_string(image_.number_of_frames) + " frames");
    }
    /// Video and unknown codings have no start of a frame that we can see.
    bool has_starts() const {
        return file_.transfer_syntax != nullptr &&
               file_.transfer_syntax->coding != dicom::PixelCoding::Video &&
               file_.transfer_syntax->coding != dicom::PixelCoding::Referenced;
    }

    std::optional<FrameStarts> by_extended_table() {
        if (!image_.extended_offsets) return std::nullopt;
        const auto table = slice(file_.data_set, image_.extended_offsets->offset,
                                 image_.extended_offsets->count);
        if (!table) return std::nullopt;
        auto starts =
            starts_by_table(fragments_, read_offsets(*table, 8), image_.number_of_frames);
        if (starts && !read_lengths(*starts)) starts.reset();
        if (!starts) index_.notes.push_back("Extended Offset Table does not fit: not used");
        return starts;
    }

    /// The lengths leave out the padding of the last fragment. Without them nothing is cut.
    bool read_lengths(const FrameStarts& starts) {
        if (!image_.extended_lengths) return true;
        const auto table = slice(file_.data_set, image_.extended_lengths->offset,
                                 image_.extended_lengths->count);
        if (!table) return false;
        auto lengths = read_offsets(*table, 8);
        if (lengths.size() != starts.size()) return false;
        for (std::size_t frame = 0; frame < starts.size(); ++frame) {
            const std::size_t end =
                frame + 1 < starts.size() ? starts[frame + 1] : fragments_.items.size();
            std::uint64_t bytes = 0;
            for (std::size_t i = starts[frame]; i < end; ++i)
                bytes += fragments_.items[i].count;
            if (lengths[frame] == 0 || lengths[frame] > bytes) return false;
        }
        lengths_ = std::move(lengths);
        return true;
    }

    std::optional<FrameStarts> by_basic_table() {
        if (fragments_.offset_table.empty()) return std::nullopt;
        auto starts = starts_by_table(fragments_, read_offsets(fragments_.offset_table, 4),
                                      image_.number_of_frames);
        if (!starts) index_.notes.push_back("Basic Offset Table does not fit: not used");
        return starts;
    }

    static void cut_to(std::vector<ByteRange>& ranges, std::uint64_t count) {
        for (std::size_t i = 0; i < ranges.size(); ++i) {
            if (count < ranges[i].count) {
                ranges[i].count = count;
                ranges.resize(count == 0 ? i : i + 1);
                return;
            }
            count -= ranges[i].count;
        }
    }

    const dicom::File& file_;
    const ImageDescription& image_;
    Fragments fragments_;
    std::uint64_t base_;
    std::vector<std::uint64_t> lengths_;
    FrameIndex index_;
};

}  // namespace

Result<FrameIndex> build_frame_index(const dicom::File& file, const ImageDescription& image) {
    // The size of frames is no matter here: nothing is decoded.
    TRY_VOID(check_description(image, {.frame_max_bytes = ~0ULL}));
    if (!image.pixel_data) {
        return fail(ErrorCode::InvalidInput, "the instance has no Pixel Data");
    }
    const bool in_inflated = file.inflated != nullptr;
    const std::uint8_t flags = in_inflated ? kInInflated : 0;
    const std::uint64_t base = in_inflated ? 0 : file.data_set_offset;
    if (!image.pixel_data->encapsulated) return native_index(image, flags, base);
    TRY(auto fragments, read_fragments(file.data_set, file.encoding, *image.pixel_data));
    return EncapsulatedIndex(file, image, std::move(fragments), base).build(flags);
}

}  // namespace larmor::pixels
