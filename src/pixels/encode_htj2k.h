#pragma once
#include "base/bytes.h"
#include "pixels/frame.h"

namespace larmor::pixels {

/// Whether `encode_htj2k` takes such frames: whole numbers of up to 16 bits, one or three
/// samples.
bool can_encode_htj2k(const Frame& frame);

/// The frame as a codestream of HTJ2K, lossless, its packets by resolution (RPCL): what
/// transfer syntax 1.2.840.10008.1.2.4.202 holds. RGB goes through the reversible colour
/// transform, which decoders undo; the samples of every other kind of colour are coded as they
/// are. Computes, about 100 MB/s. Errors: Unsupported (can_encode_htj2k). Source: ISO/IEC
/// 15444-15; PS3.5 section A.4.13.
Result<ByteBuffer> encode_htj2k(const Frame& frame);

}  // namespace larmor::pixels
