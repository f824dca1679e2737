#include "objects/local/names_hold.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

namespace larmor::objects::local {

Result<NamesHold> NamesHold::take(const std::filesystem::path& incoming) {
    // A description of its own, so that threads of this process wait for each other too.
    TRY(UniqueFd folder, open_file(incoming, O_RDONLY | O_DIRECTORY));
    while (::flock(folder.get(), LOCK_EX) != 0) {
        if (errno != EINTR) return system_failure("flock " + incoming.string(), errno);
    }
    return NamesHold(std::move(folder));
}

}  // namespace larmor::objects::local
