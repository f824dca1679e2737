#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "reassembly/uid_index/memory.h"

namespace larmor::reassembly::uid_index {

/// Memory for the entries of all partitions, which grow alike: a round has a block for each of
/// them, side by side. So entries lie in huge pages, of which one is free as a whole as soon as
/// the tables of neighbouring partitions are built. Its memory then moves to where tables come
/// next: to have the system clear as much again would take longer than building them. From any
/// thread.
class Rounds {
public:
    static constexpr std::uint64_t kBlockBytes = 8 << 10;

    Rounds(std::uint32_t partition_count, std::uint64_t size_max_bytes)
        : partition_count_(partition_count),
          size_max_bytes_(size_max_bytes),
          rounds_(partition_count) {}

    /// A block for that partition; null where there is no room, or where the partition is so
    /// far ahead of the others that a huge page would be resident for this block alone.
    std::byte* take(std::uint32_t partition);
    bool has(const std::byte* memory) const {
        return memory >= memory_.data() && memory < memory_.data() + memory_.size_bytes();
    }
    /// Once for each block, when nobody takes any more.
    void release(const std::byte* block);
    /// Moves the memory of released blocks, as it is, to a huge page's place in other Pages,
    /// whose content is lost. False where there is none: then nothing was done; and where the
    /// system can't: then the place is as new. Errors: Unavailable, and then the place must not
    /// be used.
    Result<bool> move_to(std::byte* place);
    /// Gives all memory back.
    void clear();

private:
    void reserve();

    const std::uint32_t partition_count_;
    const std::uint64_t size_max_bytes_;
    std::once_flag reserved_;
    Pages memory_;
    std::vector<std::atomic<std::uint32_t>> rounds_;   ///< begun, by partition
    std::vector<std::atomic<std::uint32_t>> in_page_;  ///< blocks taken, by huge page
    std::atomic<std::uint64_t> taken_{0};
    std::mutex mutex_;
    std::vector<std::byte*> free_;  ///< huge pages
};

}  // namespace larmor::reassembly::uid_index
