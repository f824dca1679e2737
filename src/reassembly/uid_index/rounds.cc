#include "reassembly/uid_index/rounds.h"

#include <sys/mman.h>

namespace larmor::reassembly::uid_index {

void Rounds::reserve() {
    // Whole rounds. Where the address space is not to be had there are none.
    const std::uint64_t round_bytes = partition_count_ * kBlockBytes;
    const std::uint64_t size_bytes = size_max_bytes_ / round_bytes * round_bytes;
    if (auto pages = Pages::reserve(size_bytes, Pages::Size::Huge)) memory_ = std::move(*pages);
    in_page_ =
        std::vector<std::atomic<std::uint32_t>>(memory_.size_bytes() / Pages::kHugeBytes);
}

std::byte* Rounds::take(std::uint32_t partition) {
    std::call_once(reserved_, [this] { reserve(); });
    // Hashes are spread evenly; behind that, many records have one UID.
    constexpr std::uint64_t kAheadMax = 2;
    auto& rounds = rounds_[partition];
    std::uint64_t round = rounds.load(std::memory_order_relaxed);
    if (round > taken_.load(std::memory_order_relaxed) / partition_count_ + kAheadMax) {
        return nullptr;
    }
    round = rounds.fetch_add(1, std::memory_order_relaxed);
    const std::uint64_t offset = (round * partition_count_ + partition) * kBlockBytes;
    if (offset + kBlockBytes > size_max_bytes_ || offset >= memory_.size_bytes())
        return nullptr;
    taken_.fetch_add(1, std::memory_order_relaxed);
    in_page_[offset / Pages::kHugeBytes].fetch_add(1, std::memory_order_relaxed);
    return memory_.data() + offset;
}

void Rounds::release(const std::byte* block) {
    const auto page = static_cast<std::uint64_t>(block - memory_.data()) / Pages::kHugeBytes;
    // Whoever frees the page has to see what others read of it done.
    if (in_page_[page].fetch_sub(1, std::memory_order_acq_rel) > 1) return;
    const std::scoped_lock lock(mutex_);
    free_.push_back(memory_.data() + page * Pages::kHugeBytes);
}

Result<bool> Rounds::move_to(std::byte* place) {
    const std::scoped_lock lock(mutex_);
    if (free_.empty()) return false;
    std::byte* const from = free_.back();
    free_.pop_back();
    // The address stays reserved: another mapping there would be unmapped with ours.
    constexpr int kFlags = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP;
    if (::mremap(from, Pages::kHugeBytes, Pages::kHugeBytes, kFlags, place) != MAP_FAILED) {
        return true;
    }
    // Before Linux 5.7, or where there is too much memory or too many mappings; then the place
    // may be a hole, since it is unmapped first.
    ::madvise(from, Pages::kHugeBytes, MADV_DONTNEED);
    TRY_VOID(Pages::renew_huge(place));
    return false;
}

void Rounds::clear() {
    memory_ = {};
    free_.clear();
}

}  // namespace larmor::reassembly::uid_index
