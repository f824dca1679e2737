#pragma once
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"

namespace larmor::dicom {

/// Inflates a raw deflate stream (RFC 1951, no zlib header); what follows its end is ignored.
/// The memory in use grows with what has been inflated so far. Errors: LimitExceeded beyond
/// `size_max_bytes`; InvalidInput with the offset where the stream is damaged or cut.
Result<ByteBuffer> inflate_raw(Bytes deflated, std::uint64_t size_max_bytes);

}  // namespace larmor::dicom
