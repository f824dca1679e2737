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
    const std::uint64_t unit = size == Size::Huge ? kHugeBytes : 1;
    const std::uint64_t whole = (size_bytes + unit - 1) / unit * unit;
    // What is before the first multiple and behind the end goes back at once.
    const std::uint64_t asked = whole + unit - 1;
    void* at = ::mmap(nullptr, asked, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED) {
        return system_failure("mmap of " + std::to_string(asked) + " bytes", errno);
    }
    const std::uint64_t before = (unit - reinterpret_cast<std::uintptr_t>(at) % unit) % unit;
    pages.data_ = static_cast<std::byte*>(at) + before;
    pages.size_bytes_ = whole;
    if (before > 0) ::munmap(at, before);
    if (unit > 1 && before < unit - 1) ::munmap(pages.data_ + whole, unit - 1 - before);
    // Advice: what the system makes of it changes speed and memory, not results.
    ::madvise(pages.data_, whole, size == Size::Huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
    return pages;
}

Result<void> Pages::renew_huge(std::byte* page) {
    const void* const at =
        ::mmap(page, kHugeBytes, PROT_READ | PROT_WRITE,
               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (at == MAP_FAILED) return system_failure("mmap of a huge page", errno);
    ::madvise(page, kHugeBytes, MADV_HUGEPAGE);
    return {};
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
