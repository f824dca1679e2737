#include "reassembly/uid_index/memory.h"

#include <sys/mman.h>

#include <cerrno>

namespace larmor::reassembly::uid_index {

Pages::Pages(Pages&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_bytes_(std::exchange(other.size_bytes_, 0)) {}

Pages& Pages::operator=(Pages&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_bytes_, other.size_bytes_);
    return *this;
}

Pages::~Pages() {
    if (data_ != nullptr) ::munmap(data_, size_bytes_);
}

Result<Pages> Pages::reserve(std::uint64_t size_bytes, Size size) {
    Pages pages;
    if (size_bytes == 0) return pages;
    void* at = ::mmap(nullptr, size_bytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        return system_failure("mmap of " + std::to_string(size_bytes) + " bytes", errno);
    }
    pages.data_ = static_cast<std::byte*>(at);
    pages.size_bytes_ = size_bytes;
    // Advice: what the system makes of it changes speed and memory, not results.
    ::madvise(at, size_bytes, size == Size::Huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    return pages;
}

Result<std::byte*> BlockPool::take() {
    constexpr std::uint64_t kSlabBytes = std::uint64_t{64} << 20;
    const std::scoped_lock lock(mutex_);
    if (slabs_.empty() || slabs_.back().size_bytes() - used_bytes_ < block_bytes_) {
        // A huge page would be resident as a whole for one block in it.
        TRY(Pages slab, Pages::reserve(std::max(kSlabBytes, block_bytes_), Pages::Size::Small));
        slabs_.push_back(std::move(slab));
        used_bytes_ = 0;
    }
    return slabs_.back().data() + std::exchange(used_bytes_, used_bytes_ + block_bytes_);
}

void BlockPool::release(std::byte* block) const {
    ::madvise(block, block_bytes_, MADV_DONTNEED);
}

}  // namespace larmor::reassembly::uid_index
