#include "pixels/codestream_syntax.h"

#include <optional>

#include "pixels/codecs/codestream_header.h"

namespace larmor::pixels {
namespace {

constexpr unsigned kStartOfScan = 0xda;
constexpr unsigned kCodingStyleDefault = 0x52;
constexpr unsigned kStartOfTile = 0x90;

/// The content of the first marker segment of this kind, behind a start marker of
/// `start_bytes`; nothing where `end` or the end of the input comes first.
std::optional<Bytes> find_segment(Bytes stream, std::size_t start_bytes, unsigned wanted,
                                  std::optional<unsigned> end = std::nullopt) {
    std::size_t at = start_bytes;
    while (at + 4 <= stream.size()) {
        const auto marker = static_cast<unsigned>(stream[at + 1]);
        if (stream[at] != std::byte{0xff} || marker == end) return std::nullopt;
        if (marker == 0xff) {  // fill byte
            ++at;
            continue;
        }
        const std::size_t length = load_big<std::uint16_t>(stream.data() + at + 2);
        if (length < 2 || length > stream.size() - at - 2) return std::nullopt;
        if (marker == wanted) return stream.subspan(at + 4, length - 2);
        at += 2 + length;
    }
    return std::nullopt;
}

/// The byte of a scan header behind its components: the predictor of lossless JPEG, the
/// tolerated error of JPEG-LS. Source: ISO/IEC 10918-1 section B.2.3, 14495-1 section C.2.3.
Result<unsigned> first_of_scan(Bytes stream) {
    const auto scan = find_segment(stream, 2, kStartOfScan);
    if (!scan || scan->empty()) return fail(ErrorCode::InvalidInput, "JPEG: no scan");
    const std::size_t at = 1 + 2 * static_cast<std::size_t>((*scan)[0]);
    if (at >= scan->size()) return fail(ErrorCode::InvalidInput, "JPEG: scan header is cut");
    return static_cast<unsigned>((*scan)[at]);
}

/// JPEG that says nothing else is taken for YCbCr, as its readers do; lossless kinds are not
/// transformed.
std::string_view photometric_of(const codecs::JpegHeader& header) {
    if (header.components == 1) return "MONOCHROME2";
    const bool is_transformed =
        header.adobe_transform
            ? *header.adobe_transform == 1
            : !header.ids_are_rgb && !header.is_lossless() && header.sof != 0xf7;
    return is_transformed ? "YBR_FULL_422" : "RGB";
}

CodestreamPixels pixels_of(const codecs::JpegHeader& header) {
    return {.rows = header.rows,
            .columns = header.columns,
            .samples = header.components,
            .bits_stored = header.precision,
            .is_signed = false,
            .photometric_interpretation = photometric_of(header)};
}

CodestreamPixels pixels_of(const codecs::Jpeg2000Header& header, bool reversible) {
    std::string_view photometric = "MONOCHROME2";
    if (header.components > 1) {
        photometric = !header.has_colour_transform ? "RGB" : reversible ? "YBR_RCT" : "YBR_ICT";
    }
    return {.rows = header.rows,
            .columns = header.columns,
            .samples = header.components,
            .bits_stored = header.precision,
            .is_signed = header.is_signed,
            .photometric_interpretation = photometric};
}

Result<std::string_view> jpeg(const codecs::JpegHeader& header, Bytes stream) {
    switch (header.sof) {
        case 0xc0:
            return "1.2.840.10008.1.2.4.50";
        case 0xc1:
            return "1.2.840.10008.1.2.4.51";
        case 0xc3: {
            TRY(const unsigned predictor, first_of_scan(stream));
            return predictor == 1 ? "1.2.840.10008.1.2.4.70" : "1.2.840.10008.1.2.4.57";
        }
        default:
            return fail(ErrorCode::Unsupported, "JPEG of process SOF" +
                                                    std::to_string(header.sof & 0x0f) +
                                                    " has no transfer syntax that is in use");
    }
}

Result<std::string_view> jpeg_ls(const codecs::JpegHeader& header, Bytes stream) {
    if (header.sof != 0xf7) return fail(ErrorCode::InvalidInput, "JPEG-LS: no SOF55 marker");
    TRY(const unsigned near, first_of_scan(stream));
    return near == 0 ? "1.2.840.10008.1.2.4.80" : "1.2.840.10008.1.2.4.81";
}

/// Whether the wavelet is the reversible one.
Result<bool> is_reversible(Bytes stream) {
    // Scod, SGcod (4), levels, block width and height, style: then the transformation.
    constexpr std::size_t kTransformationAt = 9;
    const auto style = find_segment(stream, 2, kCodingStyleDefault, kStartOfTile);
    if (!style || style->size() <= kTransformationAt) {
        return fail(ErrorCode::InvalidInput, "JPEG 2000: no coding style");
    }
    return (*style)[kTransformationAt] == std::byte{1};
}

}  // namespace

Result<CodestreamSyntax> codestream_syntax(std::string_view media_type, Bytes bytes) {
    CodestreamSyntax found{.transfer_syntax_uid = {}, .codestream = bytes};
    if (media_type == "image/jpeg" || media_type == "image/jls") {
        TRY(const auto header, codecs::read_jpeg_header(bytes));
        const auto syntax = media_type == "image/jls" ? jpeg_ls : jpeg;
        TRY(found.transfer_syntax_uid, syntax(header, bytes));
        found.pixels = pixels_of(header);
    } else if (media_type == "image/jp2" || media_type == "image/jpx" ||
               media_type == "image/jphc") {
        TRY(found.codestream, codecs::codestream_of_jpeg_2000(bytes));
        TRY(const auto header, codecs::read_jpeg_2000_header(found.codestream));
        TRY(const bool reversible, is_reversible(found.codestream));
        found.pixels = pixels_of(header, reversible);
        const bool part_2 = media_type == "image/jpx";
        const bool high_throughput = media_type == "image/jphc";
        found.transfer_syntax_uid =
            part_2 ? (reversible ? "1.2.840.10008.1.2.4.92" : "1.2.840.10008.1.2.4.93")
            : high_throughput
                ? (reversible ? "1.2.840.10008.1.2.4.201" : "1.2.840.10008.1.2.4.203")
            : reversible ? "1.2.840.10008.1.2.4.90"
                         : "1.2.840.10008.1.2.4.91";
    } else if (media_type == "image/dicom-rle") {
        constexpr std::size_t kRleHeaderBytes = 64;
        if (bytes.size() < kRleHeaderBytes) {
            return fail(ErrorCode::InvalidInput, "RLE: the header is cut");
        }
        found.transfer_syntax_uid = "1.2.840.10008.1.2.5";
    } else if (media_type == "image/jxl") {
        found.transfer_syntax_uid = "1.2.840.10008.1.2.4.112";
    } else {
        return fail(ErrorCode::Unsupported,
                    std::string(media_type) + " is no media type of a compressed frame");
    }
    return found;
}

}  // namespace larmor::pixels
