#pragma once
#include <cstdint>
#include <optional>

#include "base/bytes.h"

/// The few numbers at the start of a codestream, read by us before a library sees it.
namespace larmor::pixels::codecs {

/// Of JPEG and JPEG-LS. Source: ISO/IEC 10918-1 annex B, ISO/IEC 14495-1 annex C.
struct JpegHeader {
    std::uint8_t sof = 0;  ///< second byte of the SOF marker: C0 to CF, F7 for JPEG-LS
    unsigned precision = 0;
    std::uint32_t rows = 0;
    std::uint32_t columns = 0;
    unsigned components = 0;
    std::optional<unsigned> adobe_transform;  ///< of APP14: 0 RGB or CMYK, 1 YCbCr, 2 YCCK
    bool ids_are_rgb = false;                 ///< component identifiers 'R', 'G', 'B'

    bool is_lossless() const {
        return sof == 0xc3 || sof == 0xc7 || sof == 0xcb || sof == 0xcf;
    }
};
/// Walks the markers up to the first SOF. Errors: InvalidInput.
Result<JpegHeader> read_jpeg_header(Bytes stream);

/// Without the boxes of a JP2 file, where there are any. Errors: InvalidInput for boxes without
/// a codestream. Source: ISO/IEC 15444-1 annex I.
Result<Bytes> codestream_of_jpeg_2000(Bytes stream);

/// The SIZ marker of a JPEG 2000 codestream. Source: ISO/IEC 15444-1 section A.5.1.
struct Jpeg2000Header {
    std::uint64_t rows = 0;
    std::uint64_t columns = 0;
    unsigned components = 0;
    unsigned precision = 0;  ///< of the first component
    bool is_signed = false;
    bool is_uniform = true;             ///< all components of one size, precision and sign
    bool is_jp2 = false;                ///< in JP2 boxes, against the standard but seen
    bool has_colour_transform = false;  ///< COD: RCT or ICT was used
    std::uint64_t tiles = 0;
};
/// Errors: InvalidInput.
Result<Jpeg2000Header> read_jpeg_2000_header(Bytes stream);

}  // namespace larmor::pixels::codecs
