#pragma once
#include <filesystem>

#include "base/file.h"
#include "base/hash.h"

namespace larmor::reassembly::run {

struct WrittenFile {
    std::uint64_t size_bytes = 0;
    Sha256 sha256{};
};

enum class IfThere : std::uint8_t { Refuse, Replace };

/// A file that is written from front to back and hashed on the way. Not durable at its end:
/// that is done for all of them at once. Large ones go past the page cache, from a buffer that
/// each thread has once, into room that was set aside before: then the one sync of all has
/// little left to do, and nothing is copied twice. A thread writes one at a time.
class OutputFile {
public:
    /// Its folders are made. Errors: Conflict for one that is there and may not be replaced;
    /// those of open(2).
    static Result<OutputFile> create(const std::filesystem::path& path, IfThere if_there,
                                     std::uint64_t size_bytes);

    /// Up to the size that was said.
    Result<void> write(Bytes bytes);
    Result<WrittenFile> finish();

private:
    OutputFile(UniqueFd file, bool is_direct) : file_(std::move(file)), is_direct_(is_direct) {}
    Result<void> write_out(std::size_t count);

    UniqueFd file_;
    bool is_direct_;
    std::size_t filled_ = 0;     ///< of the buffer
    std::uint64_t written_ = 0;  ///< before what is in the buffer
    Sha256Stream sha256_;
};

}  // namespace larmor::reassembly::run
