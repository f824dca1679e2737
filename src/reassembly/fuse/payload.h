#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "reassembly/fuse/codestream.h"
#include "reassembly/fuse/fuse.h"
#include "reassembly/fuse/image_facts.h"

namespace larmor::reassembly::fuse {

/// A frame of encapsulated pixels: its fragments, and what its codestream says of itself.
struct EncapsulatedFrame {
    std::vector<Piece> fragments;
    std::optional<Codestream> codestream;  ///< none where we can't read it: video
};

/// The pixels of an instance, from all members of its image half.
struct Payload {
    bool is_encapsulated = false;
    std::vector<Piece> native;
    std::vector<EncapsulatedFrame> frames;
    std::string transfer_syntax_uid;  ///< that a headless file says; else empty

    std::uint64_t native_bytes() const;
};

/// Reads the members, in the order of their frames, and compares them with `facts`.
/// Errors: Conflict for gaps, sizes, colours; InvalidInput for what can't be read; Unsupported,
/// LimitExceeded.
Result<Payload> read_payload(const MetadataHalf& metadata, const ImageFacts& facts,
                             std::span<const ImageMember> members, const FuseOptions& options);

/// The same for one headless DICOM file, which holds (7FE0,0010), (7FE0,0008) or (7FE0,0009).
Result<Payload> read_headless(const MetadataHalf& metadata, const ImageFacts& facts,
                              const ImageMember& member, std::uint32_t index);

}  // namespace larmor::reassembly::fuse
