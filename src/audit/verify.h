#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "audit/anchor.h"
#include "audit/chain.h"

namespace larmor::audit {

/// What of a trail is as it was written.
struct Verified {
    std::uint64_t files = 0;
    std::uint64_t batches = 0;
    std::uint64_t records = 0;
    std::uint64_t size_bytes = 0;
    Anchor end;  ///< to be kept elsewhere, and held against a later trail
};

struct VerifyOptions {
    /// The trail must have come at least this far and have had this hash there: the one that
    /// was noted, beside the folder's own.
    std::optional<Anchor> anchor;
    /// How long what is not whole at the very end may take to become so: the server may be in
    /// the middle of a write.
    std::chrono::milliseconds patience{0};
    /// Gets every whole batch; what it points into ends with the call.
    std::function<void(const std::filesystem::path& file, const Batch&)> see;
};

/// Reads all files of a trail's folder, also while they are written: every byte of them is
/// checked, their order, and that none is missing. Errors: Corrupt that names the first bad
/// batch by file, byte and number; NotFound without any file.
Result<Verified> verify_trail(const std::filesystem::path& folder, VerifyOptions options = {});
/// The same for files that follow each other, from wherever the first begins.
Result<Verified> verify_files(const std::vector<std::filesystem::path>& files,
                              VerifyOptions options = {});

}  // namespace larmor::audit
