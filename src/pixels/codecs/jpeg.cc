// Which library reads a JPEG stream, and what its colours are.
#include <string>

#include "pixels/codecs/codec.h"
#include "pixels/codecs/codestream_header.h"

namespace larmor::pixels::codecs {
namespace {

/// The stream's own word (Adobe's marker) comes first, then the data set's; a JFIF marker says
/// nothing, since encoders write it over RGB too. Source: PS3.5 section 8.2.1.
bool stream_is_ybr(const JpegHeader& header, const Expected& expected) {
    if (header.components != 3) return false;
    if (header.adobe_transform) return *header.adobe_transform != 0;
    if (header.ids_are_rgb) return false;
    return expected.photometric != Photometric::Rgb;
}

}  // namespace

Result<Decoded> decode_jpeg(Bytes stream, const Expected& expected) {
    TRY(const auto header, read_jpeg_header(stream));
    if (header.sof == 0xf7) return decode_jpeg_ls(stream, expected);
    TRY_VOID(check_dimensions("JPEG", expected, header.rows, header.columns, header.components,
                              header.precision));
    const bool by_turbo = header.precision == 8 &&
                          (header.sof <= 0xc2 || header.sof == 0xc9 || header.sof == 0xca);
    const bool is_ybr = stream_is_ybr(header, expected);
    if (by_turbo) return decode_jpeg_8_bit(stream, expected, is_ybr);

    // Hierarchical and arithmetic lossless: no library here reads them, and nobody writes them.
    if (header.sof > 0xc3) {
        return fail(ErrorCode::Unsupported,
                    "JPEG: no decoder for process SOF" + std::to_string(header.sof - 0xc0));
    }
    TRY(auto decoded, decode_jpeg_dcmtk(stream, expected, header.precision));
    decoded.photometric = expected.photometric;
    if (header.components == 3) {
        // Lossless JPEG transforms no colours: what the data set says holds.
        const bool ybr = header.is_lossless()
                             ? expected.photometric == Photometric::YbrFull ||
                                   expected.photometric == Photometric::YbrFull422
                             : is_ybr;
        decoded.photometric = ybr ? Photometric::YbrFull : Photometric::Rgb;
    }
    return decoded;
}

}  // namespace larmor::pixels::codecs
