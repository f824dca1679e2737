#include "pixels/codecs/codestream_header.h"

namespace larmor::pixels::codecs {
namespace {

std::uint16_t big16(Bytes bytes, std::size_t at) {
    return load_big<std::uint16_t>(bytes.data() + at);
}
std::uint32_t big32(Bytes bytes, std::size_t at) {
    return load_big<std::uint32_t>(bytes.data() + at);
}
unsigned byte_at(Bytes bytes, std::size_t at) {
    return static_cast<unsigned>(bytes[at]);
}

bool is_sof(unsigned marker) {
    // C4 is DHT, C8 is reserved, CC is DAC.
    return (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 &&
            marker != 0xcc) ||
           marker == 0xf7;
}

void read_app14(Bytes segment, JpegHeader& header) {
    if (segment.size() >= 12 && as_text(segment.first(5)) == "Adobe") {
        header.adobe_transform = byte_at(segment, 11);
    }
}

/// The offset of the codestream in JP2 boxes. Source: ISO/IEC 15444-1 annex I.
Result<Bytes> codestream_of_jp2(Bytes file) {
    std::size_t at = 0;
    while (file.size() - at >= 8) {
        const std::uint64_t length = big32(file, at);
        if (as_text(file.subspan(at + 4, 4)) == "jp2c") {
            // Length 0 reaches to the end; 1 is followed by one of 64 bits.
            if (length == 1 && file.size() - at >= 16) return file.subspan(at + 16);
            const bool is_bounded = length >= 8 && length <= file.size() - at;
            return is_bounded ? file.subspan(at + 8, length - 8) : file.subspan(at + 8);
        }
        if (length < 8 || length > file.size() - at) break;
        at += length;
    }
    return fail(ErrorCode::InvalidInput, "JPEG 2000: JP2 without a codestream");
}

}  // namespace

Result<JpegHeader> read_jpeg_header(Bytes stream) {
    JpegHeader header;
    if (stream.size() < 4 || big16(stream, 0) != 0xffd8) {
        return fail(ErrorCode::InvalidInput, "JPEG: no start of image");
    }
    std::size_t at = 2;
    while (stream.size() - at >= 4) {
        if (stream[at] != std::byte{0xff}) return invalid_at(at, "JPEG: marker expected");
        const auto marker = byte_at(stream, at + 1);
        if (marker == 0xff) {  // fill byte
            ++at;
            continue;
        }
        const std::size_t length = big16(stream, at + 2);
        if (length < 2 || length > stream.size() - at - 2) {
            return invalid_at(at, "JPEG: marker segment beyond the end");
        }
        const auto segment = stream.subspan(at + 4, length - 2);
        if (is_sof(marker)) {
            if (segment.size() < 6) return invalid_at(at, "JPEG: frame header is cut");
            header.sof = static_cast<std::uint8_t>(marker);
            header.precision = byte_at(segment, 0);
            header.rows = big16(segment, 1);
            header.columns = big16(segment, 3);
            header.components = byte_at(segment, 5);
            header.ids_are_rgb = segment.size() >= 15 && header.components == 3 &&
                                 byte_at(segment, 6) == 'R' && byte_at(segment, 9) == 'G' &&
                                 byte_at(segment, 12) == 'B';
            return header;
        }
        if (marker == 0xda || marker == 0xd9) break;
        if (marker == 0xee) read_app14(segment, header);
        at += 2 + length;
    }
    return invalid_at(at, "JPEG: no frame header");
}

Result<Bytes> codestream_of_jpeg_2000(Bytes stream) {
    const bool is_jp2 = stream.size() >= 12 && big32(stream, 0) == 12 &&
                        as_text(stream.subspan(4, 4)) == "jP  ";
    return is_jp2 ? codestream_of_jp2(stream) : Result<Bytes>(stream);
}

Result<Jpeg2000Header> read_jpeg_2000_header(Bytes stream) {
    Jpeg2000Header header;
    TRY(const Bytes codestream, codestream_of_jpeg_2000(stream));
    header.is_jp2 = codestream.data() != stream.data();
    stream = codestream;
    if (stream.size() < 42 || big32(stream, 0) != 0xff4fff51) {
        return fail(ErrorCode::InvalidInput, "JPEG 2000: no SOC and SIZ marker");
    }
    const std::size_t length = big16(stream, 4);
    header.components = big16(stream, 40);
    if (header.components == 0 || length != 38 + 3U * header.components ||
        length > stream.size() - 4) {
        return fail(ErrorCode::InvalidInput, "JPEG 2000: SIZ marker of a wrong length");
    }
    const std::uint64_t x1 = big32(stream, 8), y1 = big32(stream, 12);
    const std::uint64_t x0 = big32(stream, 16), y0 = big32(stream, 20);
    const std::uint64_t tile_x = big32(stream, 24), tile_y = big32(stream, 28);
    const std::uint64_t tile_x0 = big32(stream, 32), tile_y0 = big32(stream, 36);
    if (x1 <= x0 || y1 <= y0 || tile_x == 0 || tile_y == 0 || tile_x0 > x0 || tile_y0 > y0 ||
        tile_x0 + tile_x <= x0 || tile_y0 + tile_y <= y0) {
        return fail(ErrorCode::InvalidInput, "JPEG 2000: impossible image or tile area");
    }
    header.columns = x1 - x0;
    header.rows = y1 - y0;
    header.tiles =
        ((x1 - tile_x0 + tile_x - 1) / tile_x) * ((y1 - tile_y0 + tile_y - 1) / tile_y);
    const auto first = byte_at(stream, 42);
    header.precision = (first & 0x7f) + 1;
    header.is_signed = (first & 0x80) != 0;
    for (std::size_t c = 0; c < header.components; ++c) {
        const auto at = 42 + 3 * c;
        header.is_uniform = header.is_uniform && byte_at(stream, at) == first &&
                            byte_at(stream, at + 1) == 1 && byte_at(stream, at + 2) == 1;
    }
    // The rest of the main header, as far as it is sound: the codecs check it themselves.
    std::size_t at = 4 + length;
    while (at + 4 <= stream.size()) {
        const auto marker = big16(stream, at);
        const std::size_t size = big16(stream, at + 2);
        if (marker == 0xff90 || marker == 0xff93 || marker < 0xff30 || size < 2) break;
        if (marker == 0xff52 && size >= 12 && at + 14 <= stream.size()) {
            header.has_colour_transform = byte_at(stream, at + 8) != 0;
        }
        at += 2 + size;
    }
    return header;
}

}  // namespace larmor::pixels::codecs
