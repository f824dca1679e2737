#include "reassembly/fuse/codestream.h"

#include "pixels/codecs/codestream_header.h"

namespace larmor::reassembly::fuse {
namespace {

using Family = Codestream::Family;
using dicom::PixelCoding;
using pixels::Photometric;
namespace codecs = pixels::codecs;

constexpr std::size_t kRleHeaderBytes = 64;

bool starts_with(Bytes head, std::string_view magic) {
    return head.size() >= magic.size() && as_text(head.first(magic.size())) == magic;
}
bool is_jp2(Bytes head) {
    return starts_with(head, std::string_view("\0\0\0\x0cjP  ", 8));
}
bool is_jpeg(Bytes head) {
    return starts_with(head, "\xff\xd8\xff");
}
bool is_jpeg_2000(Bytes head) {
    return starts_with(head, "\xff\x4f\xff\x51") || is_jp2(head);
}
bool is_jpeg_xl(Bytes head) {
    return starts_with(head, "\xff\x0a") ||
           starts_with(head, std::string_view("\0\0\0\x0cJXL ", 8));
}

/// Bit 14 of Rsiz says that part 15 is used. Source: ISO/IEC 15444-15 annex A.
bool is_high_throughput(Bytes codestream) {
    constexpr std::size_t kRsizAt = 6;
    return codestream.size() > kRsizAt + 1 &&
           (load_big<std::uint16_t>(codestream.data() + kRsizAt) & 0x4000U) != 0;
}

Result<Codestream> read_jpeg(Bytes head) {
    Codestream stream;
    TRY(const auto header, codecs::read_jpeg_header(head));
    stream.jpeg_process = header.sof;
    const bool is_ls = header.sof == 0xf7;
    if (is_ls) stream.family = Family::JpegLs;
    const auto found = pixels::codestream_syntax(is_ls ? "image/jls" : "image/jpeg", head);
    if (found) {
        stream.transfer_syntax_uid = found->transfer_syntax_uid;
        stream.pixels = found->pixels;
    } else if (found.error().code == ErrorCode::Unsupported) {
        stream.pixels = pixels::CodestreamPixels{.rows = header.rows,
                                                 .columns = header.columns,
                                                 .samples = header.components,
                                                 .bits_stored = header.precision,
                                                 .is_signed = false,
                                                 .photometric_interpretation = {}};
    } else {
        return tl::unexpected(found.error());
    }
    stream.is_reversible = stream.transfer_syntax_uid == "1.2.840.10008.1.2.4.80" ||
                           stream.transfer_syntax_uid == "1.2.840.10008.1.2.4.70";
    return stream;
}

Result<Codestream> read_jpeg_2000(Bytes head) {
    Codestream stream;
    TRY(const Bytes codestream, codecs::codestream_of_jpeg_2000(head));
    const bool high_throughput = is_high_throughput(codestream);
    stream.family = high_throughput ? Family::Htj2k : Family::Jpeg2000;
    TRY(const auto found,
        pixels::codestream_syntax(high_throughput ? "image/jphc" : "image/jp2", head));
    stream.transfer_syntax_uid = found.transfer_syntax_uid;
    stream.pixels = found.pixels;
    stream.is_reversible = stream.transfer_syntax_uid == "1.2.840.10008.1.2.4.90" ||
                           stream.transfer_syntax_uid == "1.2.840.10008.1.2.4.201";
    stream.range.offset = static_cast<std::uint64_t>(found.codestream.data() - head.data());
    stream.range.count = found.codestream.size();
    return stream;
}

tl::unexpected<Error> differ(std::string_view what, std::uint64_t in_data_set,
                             std::uint64_t in_codestream) {
    return conflict(std::string(what) + ": the data set says " + std::to_string(in_data_set) +
                    ", the codestream " + std::to_string(in_codestream));
}

/// Tiles at the edges of an image may be as small as what is left of it.
bool fits(std::uint64_t in_codestream, std::int64_t in_data_set, bool is_tiled) {
    const auto said = static_cast<std::uint64_t>(in_data_set);
    return in_codestream == said || (is_tiled && in_codestream > 0 && in_codestream < said);
}

}  // namespace

bool starts_codestream(Bytes head) {
    return is_jpeg(head) || is_jpeg_2000(head) || is_jpeg_xl(head);
}

bool starts_rle(Bytes head) {
    if (head.size() < kRleHeaderBytes) return false;
    const auto segments = load_little<std::uint32_t>(head.data());
    return segments >= 1 && segments <= 15 &&
           load_little<std::uint32_t>(head.data() + 4) == kRleHeaderBytes;
}

Result<Codestream> read_codestream(Bytes head, std::uint64_t size_bytes) {
    Codestream stream;
    if (is_jpeg_xl(head)) {
        stream.family = Family::JpegXl;
        stream.transfer_syntax_uid = "1.2.840.10008.1.2.4.112";
    } else if (is_jpeg_2000(head)) {
        TRY(stream, read_jpeg_2000(head));
    } else {
        TRY(stream, read_jpeg(head));
    }
    // What reaches to the end of the head reaches to the end of the member.
    if (stream.range.offset + stream.range.count == head.size() || stream.range.count == 0) {
        stream.range.count = size_bytes - stream.range.offset;
    }
    return stream;
}

Result<Codestream> read_rle(Bytes head, std::uint64_t size_bytes) {
    if (!starts_rle(head)) return fail(ErrorCode::InvalidInput, "RLE: no header");
    Codestream stream;
    stream.family = Family::Rle;
    stream.range = {0, size_bytes};
    stream.transfer_syntax_uid = "1.2.840.10008.1.2.5";
    stream.rle_segments = load_little<std::uint32_t>(head.data());
    for (unsigned i = 0; i < stream.rle_segments; ++i) {
        const auto offset = load_little<std::uint32_t>(head.data() + 4 + 4 * i);
        if (offset < kRleHeaderBytes || offset > size_bytes) {
            return fail(ErrorCode::InvalidInput,
                        "RLE: segment " + std::to_string(i + 1) + " is behind the end");
        }
    }
    return stream;
}

bool is_legal(const Codestream& stream, const dicom::TransferSyntax& syntax) {
    const std::string_view uid = syntax.uid;
    const auto process = stream.jpeg_process;
    // Of SOF0 to SOF15 those with an odd last bit pair, C3, C7, CB and CF, are lossless.
    const bool is_lossless_jpeg = (process & 3U) == 3;
    switch (syntax.coding) {
        case PixelCoding::JpegBaseline:
            return stream.family == Family::Jpeg && process == 0xc0;
        case PixelCoding::JpegExtended:
            return stream.family == Family::Jpeg && !is_lossless_jpeg;
        case PixelCoding::JpegLossless:
            return stream.family == Family::Jpeg && is_lossless_jpeg &&
                   (stream.is_reversible || uid != "1.2.840.10008.1.2.4.70");
        case PixelCoding::JpegLs:
            return stream.family == Family::JpegLs &&
                   (stream.is_reversible || uid != "1.2.840.10008.1.2.4.80");
        case PixelCoding::Jpeg2000:
            return stream.family == Family::Jpeg2000 &&
                   (stream.is_reversible || uid != "1.2.840.10008.1.2.4.90");
        case PixelCoding::Htj2k:
            return stream.family == Family::Htj2k &&
                   (stream.is_reversible || uid == "1.2.840.10008.1.2.4.203");
        case PixelCoding::JpegXl:
            return stream.family == Family::JpegXl;
        case PixelCoding::Rle:
            return stream.family == Family::Rle;
        default:
            return false;
    }
}

Result<void> check_codestream(const Codestream& stream, const ImageFacts& facts) {
    if (stream.family == Family::Rle) {
        const auto segments = static_cast<std::uint64_t>(facts.samples) *
                              static_cast<std::uint64_t>((facts.bits_allocated + 7) / 8);
        if (stream.rle_segments != segments) {
            return differ("RLE segments", segments, stream.rle_segments);
        }
    }
    if (!stream.pixels) return {};
    const auto& pixels = *stream.pixels;
    if (!fits(pixels.rows, facts.rows, facts.is_tiled)) {
        return differ("Rows", static_cast<std::uint64_t>(facts.rows), pixels.rows);
    }
    if (!fits(pixels.columns, facts.columns, facts.is_tiled)) {
        return differ("Columns", static_cast<std::uint64_t>(facts.columns), pixels.columns);
    }
    if (pixels.samples != static_cast<std::uint64_t>(facts.samples)) {
        return differ("samples a pixel", static_cast<std::uint64_t>(facts.samples),
                      pixels.samples);
    }
    if (pixels.bits_stored > static_cast<std::uint64_t>(facts.bits_allocated)) {
        return differ("bits", static_cast<std::uint64_t>(facts.bits_allocated),
                      pixels.bits_stored);
    }
    const auto photometric = facts.photometric();
    const bool is_transformed =
        photometric == Photometric::YbrRct || photometric == Photometric::YbrIct;
    const bool is_2000 = stream.family == Family::Jpeg2000 || stream.family == Family::Htj2k;
    // Which of the two it was, and whether the encoder or somebody before did it, can't be
    // told.
    if (is_transformed && !is_2000) {
        return conflict("Photometric Interpretation " + facts.photometric_interpretation +
                        " of pixels that are no JPEG 2000");
    }
    return {};
}

}  // namespace larmor::reassembly::fuse
