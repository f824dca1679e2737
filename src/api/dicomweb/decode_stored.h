#pragma once
#include "pixels/decode.h"

namespace larmor::api {

/// A frame of an instance that we stored. Pixels that their sender coded wrong are no mistake
/// of whoever asks for them now: what can't be made is Unsupported (406), not InvalidInput
/// (400).
inline Result<pixels::Frame> decode_stored(const dicom::File& file,
                                           const pixels::ImageDescription& image,
                                           const pixels::FrameIndexView& index,
                                           std::uint32_t frame) {
    auto decoded = pixels::decode_frame(file, image, index, frame);
    if (!decoded && decoded.error().code == ErrorCode::InvalidInput) {
        return fail(ErrorCode::Unsupported,
                    "the stored pixels can't be decoded: " + decoded.error().message);
    }
    return decoded;
}

}  // namespace larmor::api
