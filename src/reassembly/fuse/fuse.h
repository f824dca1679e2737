#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"
#include "reassembly/fuse/image_facts.h"
#include "reassembly/fuse/member_name.h"
#include "reassembly/fuse/metadata_half.h"

namespace larmor::reassembly::fuse {

/// One member of an image archive: all pixels of an instance, or one frame.
struct ImageMember {
    MemberName name;
    std::uint64_t size_bytes = 0;
    /// Its first bytes, as many as `head_bytes` says; all that are there are used.
    Bytes head;
};

/// How much of a member must be in memory to fuse it. Native pixels and codestreams need their
/// beginning; PNG, TIFF, JPEG 2000 in boxes and headless DICOM files all of it.
std::uint64_t head_bytes(MemberKind kind, std::uint64_t size_bytes);

enum class RawOrder : bool { Little, Big };

struct FuseOptions {
    RawOrder raw_order = RawOrder::Little;  ///< of the words of `.raw` and `.bin`
    bool allow_incomplete = false;          ///< write what has elements that nobody could find
    std::uint64_t pixels_max_bytes = 1ULL << 31;  ///< made of PNG and TIFF
};

/// Some bytes of the file: made here, or a range of a member as it is, or with its words of
/// `word_bytes` turned round.
struct Piece {
    static constexpr std::uint32_t kMade = 0xffffffff;

    ByteBuffer made;
    std::uint32_t member = kMade;  ///< index in the members that were given
    ByteRange range;               ///< in that member
    std::uint32_t word_bytes = 1;  ///< 2, 4, 8: turned round; the range has whole words

    std::uint64_t size_bytes() const { return member == kMade ? made.size() : range.count; }
};

/// A DICOM file, in the order of its bytes. Large values are ranges, so that it can be
/// streamed.
struct FusedFile {
    std::vector<Piece> pieces;
    std::uint64_t size_bytes = 0;
    std::string transfer_syntax_uid;
    bool is_other_syntax = false;  ///< than the metadata declared
    std::optional<Sha256> sha256;  ///< of its bytes, where that was known before it is written
};

enum class Outcome : std::uint8_t {
    Written,     ///< `file` is there
    Incomplete,  ///< elements are missing that are in neither half, or the other half is
    Conflict,    ///< the halves contradict each other, or the metadata itself
    Corrupt,     ///< one of them can't be read
};

struct Fused {
    Outcome outcome = Outcome::Corrupt;
    std::string reason;  ///< of all but Written; no values of the data set but numbers
    FusedFile file;
};

/// Puts both halves of one instance together. The same halves give the same bytes, whatever the
/// order of `members` and whichever build does it.
/// - Members are either one, not numbered, or the frames, numbered without gap from 0 or 1.
/// - Their name and (0008,0018) must be the same UID.
/// - The declared transfer syntax is kept if the pixels are legal in it: for native ones
///   Implicit or Explicit VR Little Endian, else Explicit VR Little Endian, also where the
///   metadata calls something a sequence that the dictionary doesn't, or the other way round;
///   for codestreams by their headers, else that which they show.
/// - Pixel Data is OB when encapsulated; native OW above 8 bits allocated, else OB or OW as the
///   JSON says, else OB.
/// - Offset tables: the Basic one where its offsets fit in 32 bits; the Extended one, beside an
///   empty Basic one, where they don't or the metadata has one, if every frame is one fragment;
///   none for video.
/// Without members: Written for what names no pixels, else Incomplete.
/// `facts`: image_facts of `metadata`, for who has them already.
/// Source: PS3.10 section 7.1, PS3.5 section 8.2 and annex A, PS3.3 section C.7.6.3.
Fused fuse(const MetadataHalf& metadata, const ImageFacts& facts,
           std::span<const ImageMember> members, const FuseOptions& options);
Fused fuse(const MetadataHalf& metadata, std::span<const ImageMember> members,
           const FuseOptions& options = {});

/// The whole file in memory; `members` are whole, too.
ByteBuffer to_bytes(const FusedFile& file, std::span<const Bytes> members);

/// Conflict for ErrorCode::Conflict, else Corrupt: what an error of read_metadata is.
Outcome outcome_of(const Error& error);

}  // namespace larmor::reassembly::fuse
