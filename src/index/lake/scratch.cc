#include "index/lake/scratch.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>

#include "base/ids.h"

namespace larmor::index::lake {
namespace {

namespace fs = std::filesystem;

constexpr const char* kLock = "lock";

void remove_left(const fs::path& folder) {
    std::error_code error;
    for (fs::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        const auto lock = open_file(at->path() / kLock, O_RDWR);
        if (lock && ::flock(lock->get(), LOCK_EX | LOCK_NB) == 0) {
            std::error_code ignored;
            fs::remove_all(at->path(), ignored);
        }
    }
}

}  // namespace

Result<std::unique_ptr<Scratch>> Scratch::make(const fs::path& folder) {
    fs::path path = folder / random_id();
    std::error_code error;
    fs::create_directories(folder, error);
    // One at a time: a folder whose lock is about to be taken is not left.
    TRY(const auto all, open_file(folder / kLock, O_RDWR | O_CREAT));
    if (::flock(all.get(), LOCK_EX) != 0) return system_failure("lock", errno);
    remove_left(folder);
    fs::create_directory(path, error);
    if (error) return system_failure("make " + path.string(), error.value());
    TRY(auto lock, open_file(path / kLock, O_RDWR | O_CREAT));
    if (::flock(lock.get(), LOCK_EX) != 0) return system_failure("lock", errno);
    return std::unique_ptr<Scratch>(new Scratch(std::move(path), std::move(lock)));
}

Scratch::~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

}  // namespace larmor::index::lake
