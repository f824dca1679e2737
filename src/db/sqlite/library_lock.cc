#include "db/sqlite/library_lock.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/file.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "db/sqlite/sqlite_database.h"

namespace larmor::db::sqlite {
namespace {

std::string program_name() {
    std::array<char, 4096> path{};
    const auto size = ::readlink("/proc/self/exe", path.data(), path.size());
    if (size <= 0) return "?";
    return std::filesystem::path(std::string(path.data(), static_cast<std::size_t>(size)))
        .filename()
        .string();
}

}  // namespace

Result<LibraryLock> LibraryLock::take(const std::filesystem::path& library) {
    const auto path = library.string() + ".lock";
    TRY(UniqueFd file, open_file(path, O_RDWR | O_CREAT));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return system_failure("flock " + path, errno);
        const auto owner = read_file(path, 4096);
        return fail(ErrorCode::Conflict,
                    "the library " + library.string() + " is in use by " +
                        (owner && !owner->empty() ? *owner : "another process") +
                        "; stop it, or let it do this work");
    }
    const std::string owner =
        "process " + std::to_string(::getpid()) + " (" + program_name() + ")";
    if (::ftruncate(file.get(), 0) != 0) return system_failure("truncate " + path, errno);
    TRY_VOID(write_at(file, 0, as_bytes(owner)));
    return LibraryLock(std::move(file));
}

bool is_network_file_system(std::int64_t f_type) {
    // Source: statfs(2) and linux/magic.h; the last four are not in Debian 12's header.
    constexpr std::array<std::int64_t, 13> kNetwork = {
        NFS_SUPER_MAGIC, SMB_SUPER_MAGIC,  CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, AFS_SUPER_MAGIC,
        AFS_FS_MAGIC,    CODA_SUPER_MAGIC, CEPH_SUPER_MAGIC, V9FS_MAGIC,
        0x0BD00BD0,  // Lustre
        0x01161970,  // GFS2
        0x7461636f,  // OCFS2
        0x47504653,  // GPFS
    };
    // Some architectures sign-extend the 32-bit number.
    return std::ranges::find(kNetwork, f_type & 0xffffffff) != kNetwork.end();
}

Result<void> check_local_file_system(const std::filesystem::path& directory) {
    struct statfs status{};
    if (::statfs(directory.c_str(), &status) != 0) {
        return system_failure("statfs " + directory.string(), errno);
    }
    if (is_network_file_system(status.f_type)) {
        return fail(ErrorCode::Unsupported,
                    directory.string() +
                        " lies on a network file system, where locks and syncs can't be relied "
                        "on: keep the library on a local disk");
    }
    return {};
}

}  // namespace larmor::db::sqlite
