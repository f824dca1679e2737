#pragma once
#include <optional>
#include <string>

#include "base/hash.h"
#include "reassembly/run/direct_writer.h"

namespace larmor::reassembly::run {

struct WrittenFile {
    std::uint64_t size_bytes = 0;
    Sha256 sha256{};
};

enum class IfThere : std::uint8_t { Refuse, Replace };

/// A file that is written from front to back and hashed on the way. Not durable at its end:
/// that is done for all of them at once. Large ones go past the page cache, into room that was
/// set aside before, while their maker goes on: then the one sync of all has little left to do,
/// and nothing is copied twice. A thread writes one at a time.
class OutputFile {
public:
    /// From here on a file goes past the page cache.
    static constexpr std::uint64_t kDirectFromBytes = 256 << 10;

    /// Its folders are made. Without `direct` a large file goes through the page cache, too;
    /// else it is not written before `direct` has drained. Errors: Conflict for one that is
    /// there and may not be replaced; those of open(2).
    static Result<OutputFile> create(const std::string& path, IfThere if_there,
                                     std::uint64_t size_bytes, DirectWriter* direct);

    /// Up to the size that was said.
    Result<void> write(Bytes bytes);
    /// The whole file, in pieces; `sha256` where it is known.
    Result<void> write_whole(std::span<const Bytes> pieces,
                             const std::optional<Sha256>& sha256 = std::nullopt);
    Result<WrittenFile> finish();

private:
    void hash(Bytes bytes);
    Result<void> write_out();

    UniqueFd file_;                   ///< of one through the page cache
    DirectWriter* direct_ = nullptr;  ///< of one past it
    std::shared_ptr<DirectWriter::File> large_;
    DirectWriter::Buffer large_buffer_;
    std::size_t filled_ = 0;     ///< of the buffer
    std::uint64_t written_ = 0;  ///< before what is in the buffer
    std::optional<Sha256> known_sha256_;
    std::optional<Sha256Stream> sha256_;  ///< else
};

}  // namespace larmor::reassembly::run
