#pragma once
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>

#include "base/bytes.h"

namespace larmor {

/// Owns a file descriptor.
class UniqueFd {
public:
    UniqueFd() = default;
    explicit UniqueFd(int fd) : fd_(fd) {}
    UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    UniqueFd& operator=(UniqueFd&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }
    ~UniqueFd() { reset(); }
    int get() const { return fd_; }
    explicit operator bool() const { return fd_ >= 0; }
    void reset();

private:
    int fd_ = -1;
};

/// open(2) with O_CLOEXEC. Errors: NotFound, NoSpace, Unavailable, with the path.
Result<UniqueFd> open_file(const std::filesystem::path& path, int flags, unsigned mode = 0640);
Result<std::uint64_t> size_of(const UniqueFd& file);

/// Reads until `out` is full. Errors: InvalidInput at an early end of the file.
Result<void> read_at(const UniqueFd& file, std::uint64_t offset, std::span<std::byte> out);
/// Reads at most `out.size()` bytes from the file's position; 0 at its end.
Result<std::size_t> read_some(const UniqueFd& file, std::span<std::byte> out);
Result<void> write_at(const UniqueFd& file, std::uint64_t offset, Bytes bytes);
Result<void> write_all(const UniqueFd& file, Bytes bytes);

/// fdatasync: data, and the size where it changed.
Result<void> sync_data(const UniqueFd& file);
/// fsync of a folder: makes the names in it durable.
Result<void> sync_directory(const std::filesystem::path& directory);

/// A whole file in memory. Errors: LimitExceeded over `size_max_bytes`.
Result<std::string> read_file(const std::filesystem::path& path, std::uint64_t size_max_bytes);

/// A read-only mapping of a file. A file that shrinks under us raises SIGBUS: map only files of
/// our own store, or such that the user names on the command line.
class MappedFile {
public:
    MappedFile() = default;
    MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
    MappedFile& operator=(MappedFile&& other) noexcept {
        std::swap(bytes_, other.bytes_);
        return *this;
    }
    ~MappedFile();
    static Result<MappedFile> open(const std::filesystem::path& path);
    static Result<MappedFile> map(const UniqueFd& file);
    Bytes bytes() const { return bytes_; }
    /// Lets go of the pages that lie wholly inside a range, so that a scan of a huge file does
    /// not stay resident; whoever touches them again reads them again.
    void release(ByteRange range) const;

private:
    Bytes bytes_;
};

}  // namespace larmor
