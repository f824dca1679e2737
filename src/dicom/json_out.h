#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "base/base64.h"
#include "base/bytes.h"

namespace larmor::dicom {

/// Writes eight hexadecimal digits to `at`.
inline void put_hex(char* at, std::uint32_t value) {
    // One nibble a byte, the highest first, all at once.
    std::uint64_t nibbles = value;
    nibbles = (nibbles | nibbles << 16) & 0x0000ffff0000ffff;
    nibbles = (nibbles | nibbles << 8) & 0x00ff00ff00ff00ff;
    nibbles = (nibbles | nibbles << 4) & 0x0f0f0f0f0f0f0f0f;
    const std::uint64_t letters = (nibbles + 0x0606060606060606) >> 4 & 0x0101010101010101;
    std::uint64_t digits = nibbles + 0x3030303030303030 + letters * ('A' - '0' - 10);
    if constexpr (std::endian::native == std::endian::little) {
        digits = __builtin_bswap64(digits);
    }
    std::memcpy(at, &digits, 8);
}

/// The growing buffer of the JSON writer: a string that is kept larger than what is written, so
/// that a store needs no check. `reserve` before, then write through `at`.
class JsonOut {
public:
    explicit JsonOut(std::string& out) : out_(out), begin_(out.size()) { open(begin_, 8192); }
    JsonOut(const JsonOut&) = delete;
    JsonOut& operator=(const JsonOut&) = delete;

    /// Makes room for `count` bytes and 32 more, which wide stores may touch.
    void reserve(std::size_t count) {
        if (static_cast<std::size_t>(end_ - at) < count + kSlack) grow(count);
    }
    void put(char c) { *at++ = c; }
    template <std::size_t N>
    void put(const char (&literal)[N]) {
        std::memcpy(at, literal, N - 1);
        at += N - 1;
    }
    void put(std::string_view text) {
        std::memcpy(at, text.data(), text.size());
        at += text.size();
    }
    void put_hex(std::uint32_t value) {
        dicom::put_hex(at, value);
        at += 8;
    }
    void put_base64(Bytes bytes) {
        reserve(base64_size(bytes.size()));
        at = write_base64(at, bytes);
    }

    /// How much has been written since the start.
    std::size_t size() const { return static_cast<std::size_t>(at - out_.data()) - begin_; }
    std::string_view written(std::size_t from) const {
        return {out_.data() + begin_ + from, size() - from};
    }
    /// Replaces everything from `from` on.
    void replace(std::size_t from, std::string_view text);

    /// Takes back what was written after `size`.
    void rewind(std::size_t size) { at = out_.data() + begin_ + size; }

    /// Cuts the string to what was written; nothing may be written after.
    void finish() { out_.resize(begin_ + size()); }
    void discard() { out_.resize(begin_); }

    char* at = nullptr;

private:
    static constexpr std::size_t kSlack = 32;
    void open(std::size_t size, std::size_t room);
    void grow(std::size_t count);

    std::string& out_;
    std::size_t begin_;
    char* end_ = nullptr;
};

}  // namespace larmor::dicom
