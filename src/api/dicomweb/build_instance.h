#pragma once
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "api/dicomweb/bulk_parts.h"
#include "base/bytes.h"

namespace larmor::api {

/// An instance made of metadata and bulk data: the bytes of a PS3.10 file, one piece after the
/// other. Views are of the bulk parts and live as long as they.
struct BuiltInstance {
    using Piece = std::variant<ByteBuffer, Bytes>;
    std::vector<Piece> pieces;
    std::uint64_t size_bytes = 0;
};

/// Makes the file of one object of the DICOM JSON model whose BulkDataURIs are the
/// Content-Locations of `parts`.
/// - The transfer syntax is that of the pixel data's media type: Explicit VR Little Endian for
///   application/octet-stream, else the one that the part's `transfer-syntax` names, or the
///   codestream shows. Parts of one location are the frames of one Pixel Data, encapsulated
///   with a Basic Offset Table, or an Extended one where offsets need more than 32 bits. A
///   video is one fragment after the other.
/// - A part belongs to one value of one instance.
/// - Lengths are compared: native Pixel Data with rows, columns, frames and bits; the number of
///   parts with the number of frames.
/// Memory: the metadata, values in sequences (`kNestedMaxBytes`) and small ones; large values
/// are views. Errors: InvalidInput with the tag or JSON pointer, Unsupported for a media type
/// or transfer syntax that pixel data can't have, LimitExceeded. Source: PS3.18
/// sections 8.7.3.3 and 10.5, PS3.5 annex A.4.
Result<BuiltInstance> build_instance(std::string_view json, BulkParts& parts);

inline constexpr std::uint64_t kNestedMaxBytes = std::uint64_t{64} << 20;

}  // namespace larmor::api
