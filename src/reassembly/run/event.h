#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"
#include "base/hash.h"
#include "reassembly/fuse/member_name.h"

namespace larmor::reassembly::run {

enum class Side : std::uint8_t { Metadata, Image };

/// What an event tells of.
enum class About : std::uint8_t {
    Member,  ///< one member of an archive
    File,    ///< a file that was made of several members, or of one beside another file
    Damage,  ///< a place in an archive that can't be read
};

/// What came of it before all was known.
enum class Fate : std::uint8_t {
    Kept,        ///< metadata that is in the spool; `digest` is that of its record
    Frame,       ///< one of several frames; `digest` is that of its bytes
    Written,     ///< the file is there; `digest` is that of the file
    Incomplete,  ///< elements that are in neither half
    Conflict,    ///< contradicts the other half, or itself
    Corrupt,     ///< can't be read
    Orphan,      ///< an image without metadata
    Skipped,     ///< belongs to the other side
};

/// One thing that scanning or probing met. What it means follows from all events of the same
/// UID in their order, never from the order in which threads met them.
struct Event {
    std::string uid;  ///< SOP Instance UID; empty where nothing names one
    Side side = Side::Metadata;
    About about = About::Member;
    Fate fate = Fate::Corrupt;
    std::uint32_t archive = 0;     ///< of its side, ordered by key
    std::uint32_t attempt = 0;     ///< in which it was read; others of that archive are void
    std::uint64_t offset = 0;      ///< of what is stored of the member there, unpacked
    std::uint64_t size_bytes = 0;  ///< of the member
    std::optional<std::uint64_t> bytes_at;  ///< of a hard link: where its bytes are instead
    bool is_sparse = false;                 ///< its bytes have holes in the archive
    std::string path;                       ///< of the member, as stored
    fuse::MemberKind kind = fuse::MemberKind::Unknown;
    std::optional<std::uint32_t> frame;
    std::string reason;
    Sha256 digest{};

    std::string key;     ///< where the file belongs, below the output
    std::string staged;  ///< where it is instead, in the work folder; may be empty
    std::uint64_t file_size_bytes = 0;
    std::string transfer_syntax_uid;          ///< of the file
    bool is_other_syntax = false;             ///< than the metadata declared
    std::uint32_t frames_expected = 0;        ///< of a frame, and of a file made of frames
    std::optional<std::uint64_t> shelved_at;  ///< of a frame, in the frame file

    std::uint64_t ordinal = 0;  ///< in the spool
    bool names_pixels = false;  ///< of metadata
    bool was_read = false;      ///< all bytes of the member came, whatever they are worth
};

/// Rows that, compared byte by byte, are in the order of UID, side, archive, offset.
std::string encode_event(const Event& event);
/// Errors: Corrupt.
Result<Event> decode_event(std::string_view row);

}  // namespace larmor::reassembly::run
