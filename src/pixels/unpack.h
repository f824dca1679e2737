#pragma once
#include "pixels/codecs/codec.h"
#include "pixels/frame.h"

namespace larmor::pixels {

/// What every coding has in common at the end: samples out of their containers (bits stored,
/// high bit, sign), planes next to each other, bits to bytes, the name of the colours. Checks
/// that there are as many samples as the description says.
Result<Frame> unpack(const ImageDescription& image, codecs::Decoded decoded);

}  // namespace larmor::pixels
