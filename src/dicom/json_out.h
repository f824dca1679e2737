#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace larmor::dicom {

/// The growing buffer of the JSON writer: a string that is kept larger than what is written, so
/// that a store needs no check. `reserve` before, then write through `at`.
class JsonOut {
public:
    explicit JsonOut(std::string& out) : out_(out), begin_(out.size()) { open(begin_, 4096); }
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
    void put_hex(std::uint16_t value);

    /// How much has been written since the start.
    std::size_t size() const { return static_cast<std::size_t>(at - out_.data()) - begin_; }
    std::string_view written(std::size_t from) const {
        return {out_.data() + begin_ + from, size() - from};
    }
    /// Replaces everything from `from` on.
    void replace(std::size_t from, std::string_view text);
    void insert(std::size_t where, std::string_view text);

    /// Lets `append(std::string&)` write behind what is there.
    template <typename Append>
    void append_with(Append&& append) {
        out_.resize(static_cast<std::size_t>(at - out_.data()));
        append(out_);
        open(out_.size(), 256);
    }

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
