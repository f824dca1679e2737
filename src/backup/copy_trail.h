#pragma once
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "audit/anchor.h"

namespace larmor::backup {

/// Told of each file that was copied, in bytes; an error stops.
using CountFile = std::function<Result<void>(std::uint64_t bytes)>;

struct CopiedTrail {
    std::optional<audit::Anchor> end;  ///< how far it came; nothing where there is none
    std::optional<Error> damage;       ///< it was copied as it is
};

/// Copies what `to` lacks of the audit trail in `from`, also while it is written: up to its
/// last whole batch. Each file is replaced as a whole by one that goes on where it ended.
/// Errors: those of the disk and of `count`.
Result<CopiedTrail> copy_trail(const std::filesystem::path& from,
                               const std::filesystem::path& to, const CountFile& count);

}  // namespace larmor::backup
