#pragma once
#include <filesystem>
#include <optional>

#include "base/file.h"

namespace larmor::objects::local {

/// Keeps files of the store from being removed while it lives, also by another process: a
/// backup takes a shared one, the collection of garbage the exclusive one (flock(2) on the
/// folder of files).
class RemovalHold {
public:
    /// Waits for a collection that goes on. Errors: NotFound, Unavailable.
    static Result<RemovalHold> take_shared(const std::filesystem::path& files);
    /// Nothing where a backup holds it.
    static Result<std::optional<RemovalHold>> try_exclusive(const std::filesystem::path& files);

private:
    explicit RemovalHold(UniqueFd folder) : folder_(std::move(folder)) {}
    UniqueFd folder_;
};

}  // namespace larmor::objects::local
