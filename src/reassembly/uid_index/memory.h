#pragma once
#include <cstdint>
#include <mutex>
#include <vector>

#include "base/result.h"

namespace larmor::reassembly::uid_index {

/// Owns anonymous pages. They are zero, and cost memory only once they are written.
class Pages {
public:
    enum class Size : std::uint8_t { Small, Huge };
    /// Where they are to be huge, they begin at a multiple of it and are whole ones.
    static constexpr std::uint64_t kHugeBytes = std::uint64_t{2} << 20;

    Pages() = default;
    Pages(Pages&& other) noexcept;
    Pages& operator=(Pages&& other) noexcept;
    ~Pages();
    /// Errors: Unavailable where the address space is not to be had.
    static Result<Pages> reserve(std::uint64_t size_bytes, Size size);
    std::byte* data() const { return data_; }
    std::uint64_t size_bytes() const { return size_bytes_; }
    /// Makes one huge page of some Pages anew, whatever is mapped there now. Errors: as
    /// `reserve`; then its address must not be used.
    static Result<void> renew_huge(std::byte* page);

private:
    std::byte* data_ = nullptr;
    std::uint64_t size_bytes_ = 0;
};

/// Blocks of one size, in whole pages. From any thread.
class BlockPool {
public:
    explicit BlockPool(std::uint64_t block_bytes) : block_bytes_(block_bytes) {}
    /// A block of zeros, whose pages cost memory once they are written.
    Result<std::byte*> take();
    /// Gives a block's memory back to the system. Its address is not used again: who builds
    /// tables from blocks takes none.
    void release(std::byte* block) const;
    std::uint64_t block_bytes() const { return block_bytes_; }

private:
    const std::uint64_t block_bytes_;
    std::mutex mutex_;
    std::vector<Pages> slabs_;
    std::uint64_t used_bytes_ = 0;  ///< of the last slab
};

}  // namespace larmor::reassembly::uid_index
