#include "preprocess/image_frames.h"

#include <array>
#include <bit>

#include "dicom/transfer_syntax.h"

namespace larmor::preprocess {
namespace {

constexpr std::uint32_t kMagic = 0x3146494c;  // "LIF1"
constexpr std::size_t kTrailerBytes = 24;
constexpr std::size_t kRecordBytes = 48;
constexpr std::uint64_t kTableMaxBytes = std::uint64_t{256} << 20;

enum RecordFlag : std::uint32_t { kInObject = 1, kHasValues = 2 };

tl::unexpected<Error> corrupt(const objects::ObjectLocation& location) {
    return fail(ErrorCode::Corrupt, objects::place_of(location) + " holds no image frames");
}

/// Writes integers one behind the other.
class Out {
public:
    explicit Out(ByteBuffer& bytes) : bytes_(bytes) {}
    template <std::integral T>
    void put(T value) {
        bytes_.resize(bytes_.size() + sizeof(T));
        store_little(bytes_.data() + bytes_.size() - sizeof(T), value);
    }

private:
    ByteBuffer& bytes_;
};

void put_record(Out& out, const ImageFrame& frame) {
    const auto range = frame.range.value_or(ByteRange());
    const auto values = frame.values.value_or(ImageFrame::Values());
    out.put(range.offset);
    out.put(range.count);
    out.put(frame.size_bytes);
    out.put(frame.checksum);
    out.put<std::uint32_t>((frame.range ? kInObject : 0U) | (frame.values ? kHasValues : 0U));
    out.put(std::bit_cast<std::uint64_t>(values.min));
    out.put(std::bit_cast<std::uint64_t>(values.max));
}

/// Nothing where its range ends behind the codestreams.
std::optional<ImageFrame> record_at(const std::byte* from, std::uint64_t codestreams_bytes) {
    ImageFrame frame;
    const ByteRange range{load_little<std::uint64_t>(from),
                          load_little<std::uint64_t>(from + 8)};
    frame.size_bytes = load_little<std::uint64_t>(from + 16);
    frame.checksum = load_little<std::uint32_t>(from + 24);
    const auto flags = load_little<std::uint32_t>(from + 28);
    if ((flags & kInObject) != 0) {
        if (range.offset > codestreams_bytes ||
            range.count > codestreams_bytes - range.offset) {
            return std::nullopt;
        }
        frame.range = range;
    }
    if ((flags & kHasValues) != 0) {
        frame.values = {std::bit_cast<double>(load_little<std::uint64_t>(from + 32)),
                        std::bit_cast<double>(load_little<std::uint64_t>(from + 40))};
    }
    return frame;
}

}  // namespace

std::string_view transfer_syntax_of(ImageFrames::Form form, std::string_view stored) {
    switch (form) {
        case ImageFrames::Form::Htj2k:
            return "1.2.840.10008.1.2.4.202";
        case ImageFrames::Form::Native:
            return dicom::kExplicitLittleUid;
        case ImageFrames::Form::AsStored:
            break;
    }
    return stored;
}

ByteBuffer encode_table(const ImageFrames& frames) {
    ByteBuffer bytes;
    bytes.reserve(frames.frames.size() * kRecordBytes + frames.file_meta.size() +
                  kTrailerBytes);
    Out out(bytes);
    for (const ImageFrame& frame : frames.frames) put_record(out, frame);
    const Bytes meta = as_bytes(frames.file_meta);
    bytes.insert(bytes.end(), meta.begin(), meta.end());
    out.put(static_cast<std::uint32_t>(frames.form));
    out.put(frames.rows);
    out.put(frames.columns);
    out.put(static_cast<std::uint32_t>(frames.frames.size()));
    out.put(static_cast<std::uint32_t>(meta.size()));
    out.put(kMagic);
    return bytes;
}

struct ImageFramesReader::Trailer {
    ImageFrames::Form form = ImageFrames::Form::AsStored;
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    std::uint32_t frame_count = 0;
    std::uint32_t meta_bytes = 0;
    std::uint64_t table_offset = 0;  ///< where the codestreams end and the records begin

    std::uint64_t records_bytes() const { return std::uint64_t{frame_count} * kRecordBytes; }
};

Result<ImageFramesReader::Trailer> ImageFramesReader::read_trailer() const {
    const std::uint64_t size = location_.size_bytes;
    if (size < kTrailerBytes) return corrupt(location_);
    std::array<std::byte, kTrailerBytes> bytes{};
    TRY_VOID(store_.read(location_, size - kTrailerBytes, bytes));
    const auto word = [&](std::size_t i) {
        return load_little<std::uint32_t>(bytes.data() + 4 * i);
    };
    if (word(0) > 2 || word(5) != kMagic) return corrupt(location_);
    Trailer trailer{static_cast<ImageFrames::Form>(word(0)), word(1), word(2), word(3),
                    word(4)};
    // Neither factor can wrap 64 bits.
    const std::uint64_t table = trailer.records_bytes() + trailer.meta_bytes + kTrailerBytes;
    if (table > size || table > kTableMaxBytes) return corrupt(location_);
    trailer.table_offset = size - table;
    return trailer;
}

Result<ImageFrames> ImageFramesReader::read_all() const {
    TRY(const Trailer trailer, read_trailer());
    ByteBuffer bytes(trailer.records_bytes() + trailer.meta_bytes);
    TRY_VOID(store_.read(location_, trailer.table_offset, bytes));
    ImageFrames frames{.form = trailer.form,
                       .rows = trailer.rows,
                       .columns = trailer.columns,
                       .file_meta = {},
                       .frames = {}};
    frames.frames.reserve(trailer.frame_count);
    for (std::uint32_t i = 0; i < trailer.frame_count; ++i) {
        auto frame =
            record_at(bytes.data() + std::size_t{i} * kRecordBytes, trailer.table_offset);
        if (!frame) return corrupt(location_);
        frames.frames.push_back(*std::move(frame));
    }
    frames.file_meta = to_string(Bytes(bytes).subspan(trailer.records_bytes()));
    return frames;
}

Result<ImageFrameEntry> ImageFramesReader::read(std::uint32_t frame) const {
    TRY(const Trailer trailer, read_trailer());
    if (frame >= trailer.frame_count) {
        return fail(ErrorCode::NotFound, "the instance has " +
                                             std::to_string(trailer.frame_count) +
                                             " frames, there is no frame " +
                                             std::to_string(std::uint64_t{frame} + 1));
    }
    std::array<std::byte, kRecordBytes> bytes{};
    TRY_VOID(store_.read(location_, trailer.table_offset + std::uint64_t{frame} * kRecordBytes,
                         bytes));
    auto read = record_at(bytes.data(), trailer.table_offset);
    if (!read) return corrupt(location_);
    return ImageFrameEntry{trailer.form, *std::move(read)};
}

}  // namespace larmor::preprocess
