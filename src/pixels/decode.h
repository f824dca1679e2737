#pragma once
#include <span>

#include "dicom/transfer_syntax.h"
#include "pixels/frame.h"
#include "pixels/frame_index.h"
#include "pixels/image_description.h"

namespace larmor::pixels {

/// The bytes of one frame as they are stored: the ranges of its FrameLocation. Views.
struct FrameBytes {
    std::span<const Bytes> parts;
    std::uint32_t bit_offset = 0;
};

/// Decodes one frame of any coding that `can_decode` names. The codestream's own dimensions,
/// components and precision must agree with the description before memory is taken.
/// Safe from any thread; the codecs run single-threaded. Catches everything that they throw.
/// Errors: InvalidInput for broken or contradicting data; Unsupported for codings without a
/// decoder (video, JPEG XL, referenced) and rare forms (subsampled JPEG 2000, bits allocated
/// that are not 1, 8, 16, 32 or 64); LimitExceeded.
Result<Frame> decode_frame(const ImageDescription& image, const dicom::TransferSyntax& syntax,
                           FrameBytes bytes, const PixelLimits& limits = {});

/// The same for frame `frame` (from 0) of an open file, through its index.
Result<Frame> decode_frame(const dicom::File& file, const ImageDescription& image,
                           const FrameIndexView& index, std::uint32_t frame,
                           const PixelLimits& limits = {});

/// Whether there is a decoder at all; not whether these bytes are sound.
bool can_decode(dicom::PixelCoding coding);

/// The parts of a frame in a file (or its inflated data set). Errors: as locate; InvalidInput
/// where a range ends beyond the file.
Result<std::vector<Bytes>> frame_parts(const dicom::File& file, const FrameIndexView& index,
                                       const FrameLocation& location);

}  // namespace larmor::pixels
