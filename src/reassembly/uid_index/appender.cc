#include "reassembly/uid_index/appender.h"

namespace larmor::reassembly::uid_index {

Appender::Appender(EntryBlocks& blocks, unsigned partition_bits)
    : blocks_(&blocks),
      partition_bits_(partition_bits),
      lines_(std::size_t{1} << partition_bits),
      open_(std::size_t{1} << partition_bits) {}

Result<void> Appender::too_many() {
    return fail(ErrorCode::LimitExceeded,
                "a UID index takes " + std::to_string(kRecordsMax) + " records and no more");
}

Result<void> Appender::flush(std::uint32_t partition) {
    Line& line = lines_[partition];
    Open& open = open_[partition];
    if (open.memory == nullptr) {
        TRY(const auto room, blocks_->take(partition));
        open = {.memory = room.memory, .entry_count = 0, .entries_max = room.entries_max};
    }
    // As a whole even where it isn't full: there is room for it, and a fixed size is fast.
    std::memcpy(open.memory + open.entry_count * sizeof(Entry), line.entries,
                sizeof(line.entries));
    open.entry_count += std::exchange(line.count, 0);
    if (open.entry_count < open.entries_max) return {};

    TRY(const Block full, blocks_->put(partition, open.memory, open.entry_count));
    closed_.push_back(full);
    if (full.memory != nullptr) open.memory = nullptr;
    open.entry_count = 0;
    return {};
}

Result<void> Appender::finish() {
    for (std::uint32_t partition = 0; partition < lines_.size(); ++partition) {
        if (lines_[partition].count > 0) TRY_VOID(flush(partition));
        const Open& open = open_[partition];
        // Within the budget for what is open: it stays in memory until its table is built.
        if (open.entry_count > 0) {
            closed_.push_back({.partition = partition,
                               .entry_count = open.entry_count,
                               .memory = open.memory});
        }
    }
    lines_ = {};
    open_ = {};
    return {};
}

}  // namespace larmor::reassembly::uid_index
