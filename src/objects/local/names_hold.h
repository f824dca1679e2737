#pragma once
#include <filesystem>

#include "base/file.h"

namespace larmor::objects::local {

/// Held while a file gets its final name, and while garbage is looked at again and removed, by
/// this process or another (flock(2) on the folder of what is being written): so that nothing
/// is removed that an upload has just found to be there.
class NamesHold {
public:
    /// Waits for whoever has it. Errors: NotFound, Unavailable.
    static Result<NamesHold> take(const std::filesystem::path& incoming);

private:
    explicit NamesHold(UniqueFd folder) : folder_(std::move(folder)) {}
    UniqueFd folder_;
};

}  // namespace larmor::objects::local
