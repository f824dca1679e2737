#pragma once
#include <cstdint>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/file.h"

namespace larmor::archive {

/// Bytes that can be read anywhere: what a zip needs, whose table is at its end.
class RandomAccess {
public:
    virtual ~RandomAccess() = default;
    virtual std::uint64_t size_bytes() const = 0;
    /// Fills `out`. Errors: InvalidInput where the range ends beyond the input.
    virtual Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) = 0;
};

/// Bytes that come in order, each once: a file, a decompressor, an object that is streamed.
class Source {
public:
    virtual ~Source() = default;
    /// Fills the front of `out` (not empty) and says how much of it; 0 only at the end of the
    /// input. Errors are those of whoever delivers, and of a decompressor: InvalidInput,
    /// LimitExceeded. After an error every further call gives it again.
    virtual Result<std::size_t> read(std::span<std::byte> out) = 0;
    struct Passed {
        std::uint64_t bytes = 0;
        std::uint64_t read = 0;  ///< of them, that came all the same
    };
    /// Goes over at most `count` bytes without reading them, where that costs less than
    /// reading; none where it doesn't, or at the end.
    virtual Result<Passed> pass(std::uint64_t count) {
        static_cast<void>(count);
        return Passed{};
    }
    /// The same bytes, also those that have passed, where they can be had again; else nullptr.
    virtual RandomAccess* again() { return nullptr; }
};

/// Over bytes that the caller keeps alive.
class MemorySource final : public Source, public RandomAccess {
public:
    explicit MemorySource(Bytes bytes) : bytes_(bytes) {}
    Result<std::size_t> read(std::span<std::byte> out) override;
    RandomAccess* again() override { return this; }
    std::uint64_t size_bytes() const override { return bytes_.size(); }
    Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) override;

private:
    Bytes bytes_;
    std::size_t position_ = 0;
};

/// Over an open file that the caller keeps alive; reads from its start, without its file
/// position, and tells the kernel to read ahead.
class FileSource final : public Source, public RandomAccess {
public:
    static Result<std::unique_ptr<FileSource>> over(const UniqueFd& file);
    Result<std::size_t> read(std::span<std::byte> out) override;
    Result<Passed> pass(std::uint64_t count) override;
    RandomAccess* again() override { return this; }
    std::uint64_t size_bytes() const override { return size_; }
    Result<void> read_at(std::uint64_t offset, std::span<std::byte> out) override;

private:
    FileSource(const UniqueFd& file, std::uint64_t size) : file_(&file), size_(size) {}
    const UniqueFd* file_;
    std::uint64_t size_;
    std::uint64_t position_ = 0;
};

/// Reads until `out` is full or the source ends; says how much it got.
Result<std::size_t> read_fully(Source& source, std::span<std::byte> out);

}  // namespace larmor::archive
