#include "reassembly/uid_index/entry_blocks.h"

#include <fcntl.h>

#include "base/hash.h"
#include "base/ids.h"
#include "reassembly/reads/scratch_file.h"

namespace larmor::reassembly::uid_index {
namespace {

std::uint32_t entries_in(std::uint64_t block_bytes) {
    return static_cast<std::uint32_t>(block_bytes / sizeof(Entry) / kLineEntries *
                                      kLineEntries);
}

}  // namespace

EntryBlocks::EntryBlocks(Options options)
    : options_(std::move(options)),
      rounds_(options_.partition_count, options_.kept_max_bytes),
      pool_(options_.block_bytes) {
    fill_random(std::as_writable_bytes(std::span(&key_, 1)));
}

Result<EntryBlocks::Room> EntryBlocks::take(std::uint32_t partition) {
    if (kept_bytes_ + Rounds::kBlockBytes <= options_.kept_max_bytes) {
        if (std::byte* const memory = rounds_.take(partition)) {
            kept_bytes_ += Rounds::kBlockBytes;
            return Room{memory, entries_in(Rounds::kBlockBytes)};
        }
    }
    TRY(std::byte* const memory, pool_.take());
    return Room{memory, entries_in(pool_.block_bytes())};
}

Result<void> EntryBlocks::open_spill() {
    const std::scoped_lock lock(opening_);
    if (spill_) return {};
    if (options_.folder.empty()) {
        return fail(ErrorCode::LimitExceeded,
                    "the UID index outgrows its memory and has no folder to spill to");
    }
    TRY(spill_, reads::open_scratch_file(options_.folder));
    return {};
}

std::uint64_t EntryBlocks::check_of(const Block& block, std::span<const Entry> entries) const {
    return xxh3(std::as_bytes(entries), key_ ^ block.offset);
}

Result<Block> EntryBlocks::put(std::uint32_t partition, std::byte* memory,
                               std::uint32_t entry_count) {
    Block block{.partition = partition, .entry_count = entry_count, .memory = memory};
    if (rounds_.has(memory)) return block;
    const std::uint64_t size_bytes = pool_.block_bytes();
    if (kept_bytes_.fetch_add(size_bytes) + size_bytes <= options_.kept_max_bytes) return block;
    kept_bytes_ -= size_bytes;

    TRY_VOID(open_spill());
    block.memory = nullptr;
    block.offset = spill_end_.fetch_add(size_bytes);
    const std::span entries(reinterpret_cast<const Entry*>(memory), entry_count);
    block.check = check_of(block, entries);
    TRY_VOID(write_at(spill_, block.offset, std::as_bytes(entries)));
    return block;
}

Result<std::span<const Entry>> EntryBlocks::read(const Block& block,
                                                 std::span<Entry> buffer) const {
    if (block.memory != nullptr) {
        return std::span(reinterpret_cast<const Entry*>(block.memory), block.entry_count);
    }
    const auto entries = buffer.first(block.entry_count);
    const auto read = read_at(spill_, block.offset, std::as_writable_bytes(entries));
    if (!read && read.error().code != ErrorCode::InvalidInput) {
        return tl::unexpected(read.error());
    }
    if (!read || check_of(block, entries) != block.check) {
        return fail(ErrorCode::Corrupt, "what the UID index spilled at byte " +
                                            std::to_string(block.offset) +
                                            " is not what was written");
    }
    return entries;
}

void EntryBlocks::release(const Block& block) {
    if (rounds_.has(block.memory)) return rounds_.release(block.memory);
    if (block.memory != nullptr) return pool_.release(block.memory);
    // Only thrift: where a file system can't do it, the file goes as a whole when it is closed.
    ::fallocate(spill_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                static_cast<off_t>(block.offset), static_cast<off_t>(pool_.block_bytes()));
}

}  // namespace larmor::reassembly::uid_index
