#include "objects/s3/key_hold.h"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "base/hash.h"

namespace larmor::objects::s3 {

Result<KeyHold> KeyHold::take(const std::filesystem::path& folder, std::string_view key) {
    // A description of its own, so that threads of this process wait for each other too.
    TRY(UniqueFd file, open_file(folder / "keys.lock", O_RDWR | O_CREAT));
    const Sha256 hash = sha256(as_bytes(key));
    std::uint32_t place = 0;
    std::memcpy(&place, hash.data(), sizeof place);
    struct flock lock{};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    lock.l_start = place;
    lock.l_len = 1;
    while (::fcntl(file.get(), F_OFD_SETLKW, &lock) != 0) {
        if (errno != EINTR) return system_failure("lock a key of the object store", errno);
    }
    return KeyHold(std::move(file));
}

}  // namespace larmor::objects::s3
