#pragma once
#include <cstdint>
#include <vector>

#include "reassembly/uid_index/entry_blocks.h"

namespace larmor::reassembly::uid_index {

/// Takes the UIDs that one thread scans. What it gathers for a partition goes first into two
/// cache lines, and from there into the partition's block: 4,096 lines fit into the cache
/// where 4,096 blocks would not.
class Appender {
public:
    Appender(EntryBlocks& blocks, unsigned partition_bits);

    /// `ordinal` is below kRecordsMax and names the record in which the UID stands. Errors:
    /// LimitExceeded for such an ordinal; those of spilling, after which the index is lost.
    Result<void> append(const UidHash& hash, std::uint64_t ordinal) {
        if (ordinal >= kRecordsMax) return too_many();
        const std::uint32_t partition = partition_of(hash, partition_bits_);
        Line& line = lines_[partition];
        line.entries[line.count++] = Entry::of(hash, ordinal);
        if (line.count < kLineEntries) return {};
        return flush(partition);
    }

    /// Hands over what is left. Called once, when its thread appends no more.
    Result<void> finish();
    const std::vector<Block>& blocks() const { return closed_; }

private:
    struct alignas(64) Line {
        Entry entries[kLineEntries];
        std::uint32_t count;
    };
    static_assert(sizeof(Line) == 128);
    struct Open {
        std::byte* memory = nullptr;
        std::uint32_t entry_count = 0;
        std::uint32_t entries_max = 0;
    };

    static Result<void> too_many();
    Result<void> flush(std::uint32_t partition);

    EntryBlocks* blocks_;
    unsigned partition_bits_;
    std::vector<Line> lines_;
    std::vector<Open> open_;
    std::vector<Block> closed_;
};

}  // namespace larmor::reassembly::uid_index
