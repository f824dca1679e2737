#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace larmor::pixels {

/// What a codestream says of its pixels, in the terms of PS3.3 section C.7.6.3.1.
struct CodestreamPixels {
    std::uint64_t rows = 0;
    std::uint64_t columns = 0;
    unsigned samples = 1;
    unsigned bits_stored = 8;
    bool is_signed = false;
    std::string_view photometric_interpretation;

    unsigned bits_allocated() const { return bits_stored <= 8 ? 8 : 16; }
};

/// A frame that came by itself: which transfer syntax its codestream is of, and the codestream.
struct CodestreamSyntax {
    std::string_view transfer_syntax_uid;
    std::optional<CodestreamPixels> pixels{};  ///< of JPEG, JPEG-LS and JPEG 2000
    Bytes codestream;  ///< without the boxes of a JP2 file, which no fragment may have
};

/// What the codestream says of a frame of this media type: image/jpeg, image/jls, image/jp2,
/// image/jpx, image/jphc, image/dicom-rle, image/jxl. Of several transfer syntaxes that fit,
/// the one that promises most: lossless where it is. Errors: InvalidInput where it is no such
/// codestream; Unsupported for media types that are none of these and for codings without a
/// transfer syntax that is still in use. Source: PS3.18 table 8.7.3-5, PS3.5 annex A.4.
Result<CodestreamSyntax> codestream_syntax(std::string_view media_type, Bytes bytes);

}  // namespace larmor::pixels
