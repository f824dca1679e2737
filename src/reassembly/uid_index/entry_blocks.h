#pragma once
#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "base/file.h"
#include "reassembly/uid_index/entry.h"
#include "reassembly/uid_index/memory.h"
#include "reassembly/uid_index/rounds.h"

namespace larmor::reassembly::uid_index {

/// So many entries go to a block at once: its size is a multiple of it.
inline constexpr std::uint32_t kLineEntries = 13;

/// Some entries of one partition: in memory, or in the spill file.
struct Block {
    std::uint32_t partition = 0;
    std::uint32_t entry_count = 0;
    std::byte* memory = nullptr;  ///< of the pool; null when spilled
    std::uint64_t offset = 0;     ///< in the spill file
    std::uint64_t check = 0;      ///< of a spilled one
};

/// Where scanning threads leave what they have gathered: in memory as long as that is within
/// the budget, behind it in a nameless file in `folder`. Blocks of a pool take what is to be
/// spilled, and what a partition has that outgrows the others. From any thread.
class EntryBlocks {
public:
    struct Options {
        std::uint32_t partition_count = 1;
        std::uint64_t block_bytes = 0;     ///< of what may be spilled
        std::uint64_t kept_max_bytes = 0;  ///< of full blocks in memory
        std::filesystem::path folder;      ///< of the spill file, made when first needed
    };
    explicit EntryBlocks(Options options);

    struct Room {
        std::byte* memory = nullptr;
        std::uint32_t entries_max = 0;
    };
    Result<Room> take(std::uint32_t partition);
    /// Keeps a full block, or writes it to the spill file: then `memory` is null, and the
    /// caller goes on to fill the same memory. Errors: NoSpace and others of writing.
    Result<Block> put(std::uint32_t partition, std::byte* memory, std::uint32_t entry_count);

    /// The entries of a block; those of a spilled one are read into `buffer`. Errors: Corrupt
    /// when they are not what was written; those of reading.
    Result<std::span<const Entry>> read(const Block& block, std::span<Entry> buffer) const;
    /// Gives memory or disk of a block back, which is not read again.
    void release(const Block& block);
    /// Moves memory that was given back to a huge page's place: see Rounds.
    Result<bool> move_to(std::byte* place) { return rounds_.move_to(place); }
    /// When all blocks were released.
    void clear() { rounds_.clear(); }

    std::uint64_t spilled_bytes() const { return spill_end_; }

private:
    Result<void> open_spill();
    std::uint64_t check_of(const Block& block, std::span<const Entry> entries) const;

    const Options options_;
    std::uint64_t key_ = 0;
    Rounds rounds_;
    BlockPool pool_;
    std::atomic<std::uint64_t> kept_bytes_{0};
    std::atomic<std::uint64_t> spill_end_{0};
    std::mutex opening_;
    UniqueFd spill_;
};

}  // namespace larmor::reassembly::uid_index
