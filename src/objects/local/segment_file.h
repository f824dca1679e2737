#pragma once
#include <cstdint>
#include <filesystem>

#include "objects/local/local_store.h"
#include "objects/local/segment_format.h"

namespace larmor::objects::local {

/// A segment that can be appended to. Members are the business of SegmentWriter, under its
/// mutex, but for the descriptor.
struct OpenSegment {
    std::int64_t number = 0;
    UniqueFd file;
    std::uint64_t end = kPageBytes;  ///< where the next group goes
    std::uint64_t size_bytes = 0;    ///< of the file: nothing is written beyond

    unsigned writing = 0;       ///< groups that have their place and are not yet written
    std::uint64_t written = 0;  ///< the number of the last write that is complete
    std::uint64_t synced = 0;   ///< up to which write a sync has covered
    std::uint64_t records = 0;  ///< written since that sync
};

/// How the blocks of a new segment are made.
enum class Blocks : std::uint8_t {
    /// Written with zeros. A sync of bytes that overwrite others changes no extent and so waits
    /// for no commit of the file system's journal, which has to write what other programs
    /// changed
    /// too: 125 us against 270 us for 40 KB on an idle disk here, and 100 us against 2 to 10 ms
    /// while others write. It doubles what is written.
    Zeros,
    /// Only reserved: where groups are so large that writing them takes longer than the
    /// journal.
    Reserved,
};

/// Creates the file of a segment, its header last, all durable with its name. Blocks that
/// cannot be reserved (the file system does not know how) are written with zeros. Errors:
/// NoSpace, Unavailable.
Result<OpenSegment> create_segment(const std::filesystem::path& directory,
                                   const SegmentHeader& header, std::uint64_t size_bytes,
                                   Blocks blocks);

/// The size of the segment with this number.
std::uint64_t segment_size(const LocalStoreOptions& options, std::int64_t number);

/// Writes `parts` one behind the other from `offset`, in as few calls as may be.
Result<void> write_parts(const UniqueFd& file, std::uint64_t offset,
                         std::span<const Bytes> parts);

}  // namespace larmor::objects::local
