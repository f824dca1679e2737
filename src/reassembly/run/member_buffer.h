#pragma once
#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "base/bytes.h"

namespace larmor::reassembly::run {

/// Holds the bytes of one member after the other. Its memory is kept from one to the next, and
/// not filled with zeros first: a byte of an archive is written and read as seldom as can be.
class MemberBuffer {
public:
    MemberBuffer() = default;
    MemberBuffer(MemberBuffer&& other) noexcept
        : memory_(std::move(other.memory_)),
          size_(std::exchange(other.size_, 0)),
          capacity_(std::exchange(other.capacity_, 0)) {}
    MemberBuffer& operator=(MemberBuffer&& other) noexcept {
        memory_ = std::move(other.memory_);
        size_ = std::exchange(other.size_, 0);
        capacity_ = std::exchange(other.capacity_, 0);
        return *this;
    }

    Bytes bytes() const { return {memory_.get(), size_}; }
    std::size_t size() const { return size_; }
    std::size_t capacity() const { return capacity_; }
    void clear() { size_ = 0; }

    /// Room behind what is there, of any content, to be filled and then added; until the next
    /// call.
    std::span<std::byte> room(std::size_t count) {
        if (count > capacity_ - size_) {
            const auto capacity = std::max(size_ + count, capacity_ + capacity_ / 2);
            auto larger = std::make_unique_for_overwrite<std::byte[]>(capacity);
            if (size_ > 0) std::memcpy(larger.get(), memory_.get(), size_);
            memory_ = std::move(larger);
            capacity_ = capacity;
        }
        return {memory_.get() + size_, count};
    }
    void add(std::size_t count) { size_ += count; }

private:
    std::unique_ptr<std::byte[]> memory_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
};

}  // namespace larmor::reassembly::run
