#include "objects/local/removal_hold.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace larmor::objects::local {

Result<RemovalHold> RemovalHold::take_shared(const std::filesystem::path& files) {
    TRY(UniqueFd folder, open_file(files, O_RDONLY | O_DIRECTORY));
    while (::flock(folder.get(), LOCK_SH) != 0) {
        if (errno != EINTR) return system_failure("flock " + files.string(), errno);
    }
    return RemovalHold(std::move(folder));
}

Result<std::optional<RemovalHold>> RemovalHold::try_exclusive(
    const std::filesystem::path& files) {
    TRY(UniqueFd folder, open_file(files, O_RDONLY | O_DIRECTORY));
    if (::flock(folder.get(), LOCK_EX | LOCK_NB) == 0) return RemovalHold(std::move(folder));
    if (errno == EWOULDBLOCK || errno == EINTR) return std::nullopt;
    return system_failure("flock " + files.string(), errno);
}

}  // namespace larmor::objects::local
