#pragma once
#include <array>
#include <filesystem>
#include <vector>

#include "reassembly/run/event.h"
#include "reassembly/run/row_sorter.h"
#include "reassembly/spool/spool.h"

namespace larmor::reassembly::run {

/// How far a run is, as far as that is durable: archives that are done, and where the files
/// that the run works with end. What lies behind an end, and events and records of archives
/// that are not done, are of an attempt that was broken off.
struct Checkpoint {
    struct Archive {
        std::uint32_t attempt = 0;  ///< in which it was read; 0: it is not done
        std::uint64_t members = 0;
    };
    std::array<std::vector<Archive>, 2> archives;  ///< by Side, then by number
    /// The first block of the spool that each attempt, from 1 on, may have written.
    std::vector<std::uint64_t> first_blocks;
    spool::Mark spool;
    RowSorter::Saved events;
    std::uint64_t frames_end = 0;
    /// What decides about members that are too large stays as the first attempt had it.
    std::uint64_t member_max_bytes = 0;
    std::uint64_t frames_max_bytes = 0;

    std::uint32_t attempt() const { return static_cast<std::uint32_t>(first_blocks.size()); }
    Archive& archive(Side side, std::uint32_t number) {
        return archives[static_cast<std::size_t>(side)][number];
    }
    const Archive& archive(Side side, std::uint32_t number) const {
        return archives[static_cast<std::size_t>(side)][number];
    }
    /// Whether an event counts.
    bool counts(const Event& event) const {
        return archive(event.side, event.archive).attempt == event.attempt;
    }
    /// Whether a record of the spool counts.
    bool counts_record(std::uint64_t block, std::uint32_t archive) const;
    bool all_done(Side side) const;
};

/// Lines of names and numbers, and last the SHA-256 of them all:
/// docs/formats/reassembly_checkpoint.md.
std::string encode_checkpoint(const Checkpoint& checkpoint);
/// Errors: Corrupt for what is not as it was written.
Result<Checkpoint> decode_checkpoint(std::string_view text);

}  // namespace larmor::reassembly::run
