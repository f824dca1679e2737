#pragma once
#include <atomic>
#include <filesystem>
#include <memory>
#include <optional>

#include "archive/source.h"
#include "base/file.h"

namespace larmor::reassembly::run {

/// Frames that came as members of their own, without the others of their instance beside them,
/// lie here until all is known. Append-only; safe from any thread.
class FrameFile {
public:
    /// With `saved_end`, goes on there; else the file must not be there. Errors: Corrupt for a
    /// file that is shorter; those of open(2).
    static Result<FrameFile> open(const std::filesystem::path& path,
                                  std::optional<std::uint64_t> saved_end);

    /// Where the frame lies.
    Result<std::uint64_t> append(Bytes frame);
    /// Fills `out`. Errors: Corrupt where the file ends before; those of reading.
    Result<void> read(std::uint64_t offset, std::span<std::byte> out) const;
    /// The bytes of a range from front to back; not longer than this file.
    std::unique_ptr<archive::Source> stream(ByteRange range) const;
    /// Makes durable what was appended until now, and says where it ends.
    Result<std::uint64_t> save();

private:
    struct Shared {
        UniqueFd file;
        std::atomic<std::uint64_t> end{0};
    };
    explicit FrameFile(std::unique_ptr<Shared> shared) : shared_(std::move(shared)) {}

    std::unique_ptr<Shared> shared_;
};

}  // namespace larmor::reassembly::run
