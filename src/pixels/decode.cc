#include "pixels/decode.h"

#include <string>

#include "pixels/codecs/codec.h"
#include "pixels/codecs/codestream_header.h"
#include "pixels/codecs/native.h"
#include "pixels/unpack.h"

namespace larmor::pixels {
namespace {

using codecs::Decoded;
using codecs::Expected;

/// One codestream in one piece: the codecs read no lists of parts.
struct Joined {
    Bytes bytes;
    SampleBuffer buffer;
};
Joined join(std::span<const Bytes> parts) {
    if (parts.size() == 1) return {parts[0], {}};
    std::size_t size = 0;
    for (const auto part : parts) size += part.size();  // views of memory: cannot overflow
    Joined joined{{}, SampleBuffer(size)};
    std::size_t at = 0;
    for (const auto part : parts) {
        if (part.empty()) continue;
        std::memcpy(joined.buffer.data() + at, part.data(), part.size());
        at += part.size();
    }
    joined.bytes = joined.buffer.bytes();
    return joined;
}

Result<Decoded> decode_stream(const ImageDescription& image, dicom::PixelCoding coding,
                              Bytes stream, const PixelLimits& limits) {
    const Expected expected{
        image.rows,        image.columns,     image.samples_per_pixel, image.bits_allocated,
        image.bits_stored, image.photometric, limits.decode_max_bytes};
    switch (coding) {
        case dicom::PixelCoding::DeflatedFrame: {
            const auto native_bytes = (image.frame_bits() + 7) / 8;
            TRY(auto inflated, codecs::decode_deflated(stream, native_bytes, expected));
            TRY(auto decoded, codecs::decode_native(image, inflated.samples, 0));
            // Where native samples need no change they are a view of what was inflated.
            if (decoded.buffer.size() == 0) decoded.buffer = std::move(inflated.buffer);
            return decoded;
        }
        case dicom::PixelCoding::Rle:
            return codecs::decode_rle(stream, expected);
        case dicom::PixelCoding::JpegBaseline:
        case dicom::PixelCoding::JpegExtended:
        case dicom::PixelCoding::JpegLossless:
            return codecs::decode_jpeg(stream, expected);
        case dicom::PixelCoding::JpegLs:
            return codecs::decode_jpeg_ls(stream, expected);
        case dicom::PixelCoding::Jpeg2000:
        case dicom::PixelCoding::Htj2k:
            return codecs::decode_jpeg_2000(stream, expected);
        case dicom::PixelCoding::Native:
        case dicom::PixelCoding::JpegXl:
        case dicom::PixelCoding::Video:
        case dicom::PixelCoding::Referenced:
            break;
    }
    return fail(ErrorCode::Unsupported, "there is no decoder for this coding of pixels");
}

/// Rows and columns of a codestream that says so itself.
struct StreamSize {
    std::uint64_t rows = 0;
    std::uint64_t columns = 0;
};
std::optional<StreamSize> size_of_stream(dicom::PixelCoding coding, Bytes stream) {
    switch (coding) {
        case dicom::PixelCoding::JpegBaseline:
        case dicom::PixelCoding::JpegExtended:
        case dicom::PixelCoding::JpegLossless:
        case dicom::PixelCoding::JpegLs: {
            const auto header = codecs::read_jpeg_header(stream);
            if (header) return StreamSize{header->rows, header->columns};
            break;
        }
        case dicom::PixelCoding::Jpeg2000:
        case dicom::PixelCoding::Htj2k: {
            const auto header = codecs::read_jpeg_2000_header(stream);
            if (header) return StreamSize{header->rows, header->columns};
            break;
        }
        default:
            break;
    }
    return std::nullopt;
}

/// A tile at the edge of its matrix that was encoded without the rows and columns beyond the
/// edge: with its own size. Nothing for every other frame.
std::optional<ImageDescription> as_edge_tile(const ImageDescription& image,
                                             dicom::PixelCoding coding, Bytes stream) {
    if (image.edge_rows == 0) return std::nullopt;
    const auto size = size_of_stream(coding, stream);
    if (!size || (size->rows == image.rows && size->columns == image.columns)) {
        return std::nullopt;
    }
    if ((size->rows != image.rows && size->rows != image.edge_rows) ||
        (size->columns != image.columns && size->columns != image.edge_columns)) {
        return std::nullopt;
    }
    ImageDescription tile = image;
    tile.rows = static_cast<std::uint32_t>(size->rows);
    tile.columns = static_cast<std::uint32_t>(size->columns);
    return tile;
}

/// The tile at the top left of a whole frame; what lies outside of the matrix is 0.
Frame fill_up(const Frame& tile, const ImageDescription& image) {
    Frame whole = frame_like(tile, image.rows, image.columns);
    const std::size_t pixel_bytes = tile.samples * size_of(tile.type);
    std::memset(whole.pixels.data(), 0, whole.pixels.size());
    for (std::size_t row = 0; row < tile.rows; ++row) {
        std::memcpy(whole.pixels.data() + row * whole.columns * pixel_bytes,
                    tile.pixels.data() + row * tile.columns * pixel_bytes,
                    tile.columns * pixel_bytes);
    }
    return whole;
}

/// Encapsulated pixels under a native transfer syntax and the other way round: the data set was
/// written wrongly, and its bytes tell.
Result<void> check_form(const ImageDescription& image, const dicom::TransferSyntax& syntax) {
    if (!image.pixel_data) {
        return fail(ErrorCode::InvalidInput, "the instance has no Pixel Data");
    }
    if (image.pixel_data->encapsulated && !syntax.encapsulated) {
        return fail(ErrorCode::InvalidInput,
                    "Pixel Data is encapsulated, the transfer syntax " +
                        std::string(syntax.uid) + " is not");
    }
    return {};
}

}  // namespace

bool can_decode(dicom::PixelCoding coding) {
    return coding != dicom::PixelCoding::JpegXl && coding != dicom::PixelCoding::Video &&
           coding != dicom::PixelCoding::Referenced;
}

Result<Frame> decode_frame(const ImageDescription& image, const dicom::TransferSyntax& syntax,
                           FrameBytes bytes, const PixelLimits& limits) {
    TRY_VOID(check_description(image, limits));
    TRY_VOID(check_form(image, syntax));
    const auto joined = join(bytes.parts);
    // Defined length under an encapsulated syntax: native (PS3.5 section A.4 allows it for
    // nobody, encoders did it with icons and small frames).
    if (!image.pixel_data->encapsulated) {
        TRY(auto decoded, codecs::decode_native(image, joined.bytes, bytes.bit_offset));
        return unpack(image, std::move(decoded));
    }
    if (const auto tile = as_edge_tile(image, syntax.coding, joined.bytes)) {
        TRY(auto decoded, decode_stream(*tile, syntax.coding, joined.bytes, limits));
        TRY(const Frame frame, unpack(*tile, std::move(decoded)));
        return fill_up(frame, image);
    }
    TRY(auto decoded, decode_stream(image, syntax.coding, joined.bytes, limits));
    return unpack(image, std::move(decoded));
}

Result<std::vector<Bytes>> frame_parts(const dicom::File& file, const FrameIndexView& index,
                                       const FrameLocation& location) {
    const auto bytes = index.in_inflated() ? file.data_set : file.bytes;
    std::vector<Bytes> parts;
    parts.reserve(location.ranges.size());
    for (const auto& range : location.ranges) {
        TRY(const auto part, slice(bytes, range.offset, range.count));
        parts.push_back(part);
    }
    return parts;
}

Result<Frame> decode_frame(const dicom::File& file, const ImageDescription& image,
                           const FrameIndexView& index, std::uint32_t frame,
                           const PixelLimits& limits) {
    if (file.transfer_syntax == nullptr) {
        return fail(ErrorCode::Unsupported,
                    "unknown transfer syntax " + file.transfer_syntax_uid);
    }
    TRY(const auto location, index.locate(frame));
    TRY(const auto parts, frame_parts(file, index, location));
    return decode_frame(image, *file.transfer_syntax, {parts, location.bit_offset}, limits);
}

}  // namespace larmor::pixels
