#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "dicom/transfer_syntax.h"
#include "pixels/codestream_syntax.h"
#include "reassembly/fuse/image_facts.h"

namespace larmor::reassembly::fuse {

/// The codestream of one frame, from its header.
struct Codestream {
    enum class Family : std::uint8_t { Jpeg, JpegLs, Jpeg2000, Htj2k, JpegXl, Rle };
    Family family = Family::Jpeg;
    ByteRange range;  ///< in its member: without the boxes of a JP2 file
    /// The transfer syntax that it shows; empty for retired processes of JPEG.
    std::string_view transfer_syntax_uid;
    std::optional<pixels::CodestreamPixels> pixels;  ///< of all but JPEG XL and RLE
    std::uint8_t jpeg_process = 0;                   ///< second byte of the SOF marker
    unsigned rle_segments = 0;
    bool is_reversible = false;  ///< of JPEG 2000, JPEG-LS; lossless JPEG with predictor 1
};

/// Whether bytes start as JPEG, JPEG-LS, JPEG 2000 (boxes too) or JPEG XL do.
bool starts_codestream(Bytes head);
/// Whether bytes start with the header of an RLE frame. Source: PS3.5 section G.5.
bool starts_rle(Bytes head);

/// `head`: the first bytes of a member of `size_bytes`. Errors: InvalidInput for what is no
/// codestream or whose header is broken or not within `head`.
Result<Codestream> read_codestream(Bytes head, std::uint64_t size_bytes);
Result<Codestream> read_rle(Bytes head, std::uint64_t size_bytes);

/// Whether it may stand in Pixel Data of this transfer syntax. Source: PS3.5 section 8.2, annex
/// A.4.
bool is_legal(const Codestream& stream, const dicom::TransferSyntax& syntax);

/// Errors: Conflict with both numbers where rows, columns, samples, bits or colours of the
/// codestream are others than those of the data set.
Result<void> check_codestream(const Codestream& stream, const ImageFacts& facts);

}  // namespace larmor::reassembly::fuse
