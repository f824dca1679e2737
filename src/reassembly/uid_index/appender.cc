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
    std::span<const Entry> left(line.entries, line.count);
    line.count = 0;
    while (!left.empty()) {
        if (open.memory == nullptr) {
            TRY(open.memory, blocks_->take());
            open.entry_count = 0;
        }
        const auto room = blocks_->entries_per_block() - open.entry_count;
        const auto fits = left.first(std::min<std::size_t>(left.size(), room));
        std::memcpy(open.memory + open.entry_count * sizeof(Entry), fits.data(),
                    fits.size_bytes());
        open.entry_count += static_cast<std::uint32_t>(fits.size());
        left = left.subspan(fits.size());
        if (open.entry_count < blocks_->entries_per_block()) continue;

        TRY(const Block full, blocks_->put(partition, open.memory, open.entry_count));
        closed_.push_back(full);
        if (full.memory != nullptr) open.memory = nullptr;
        open.entry_count = 0;
    }
    return {};
}

Result<void> Appender::finish() {
    for (std::uint32_t partition = 0; partition < lines_.size(); ++partition) {
        TRY_VOID(flush(partition));
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
