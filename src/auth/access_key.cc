#include "auth/access_key.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/base64.h"
#include "base/file.h"
#include "base/ids.h"

namespace larmor::auth {
namespace {

namespace fs = std::filesystem;

/// Tells secrets of access keys from whatever else may once be made of the same bits.
constexpr std::string_view kPurpose = "larmor access key ";

Result<UniqueFd> make_file(const fs::path& file) {
    // Under another name first: a file that is not whole would end all keys.
    const fs::path unfinished = file.string() + ".new";
    std::error_code ignored;
    fs::remove(unfinished, ignored);
    Sha256 bits{};
    fill_random(bits);
    TRY(const UniqueFd made, open_file(unfinished, O_WRONLY | O_CREAT | O_EXCL, 0600));
    TRY_VOID(write_all(made, bits));
    TRY_VOID(sync_data(made));
    std::error_code error;
    fs::rename(unfinished, file, error);
    if (error) {
        return fail(ErrorCode::Unavailable, file.string() + ": " + error.message());
    }
    TRY_VOID(sync_directory(file.parent_path()));
    return open_file(file, O_RDONLY);
}

}  // namespace

Result<AccessKeyRoot> AccessKeyRoot::open(const fs::path& file) {
    auto opened = open_file(file, O_RDONLY);
    if (!opened && opened.error().code == ErrorCode::NotFound) opened = make_file(file);
    if (!opened) return tl::unexpected(std::move(opened).error());
    struct stat status{};
    if (::fstat(opened->get(), &status) != 0 || (status.st_mode & 077) != 0) {
        return fail(ErrorCode::Denied,
                    file.string() +
                        " can be read by others, who could sign as any access key: chmod 600 "
                        "it, or remove it (then all access keys end)");
    }
    Sha256 bits{};
    TRY(const std::uint64_t size, size_of(*opened));
    if (size != bits.size()) {
        return fail(ErrorCode::Corrupt,
                    file.string() + " is not 32 bytes: remove it, then all access keys end");
    }
    TRY_VOID(read_at(*opened, 0, bits));
    return AccessKeyRoot(bits);
}

std::string AccessKeyRoot::secret_of(std::string_view access_key_id) const {
    const std::string message = std::string(kPurpose) + std::string(access_key_id);
    return to_base64url(hmac_sha256(bits_, as_bytes(message)));
}

}  // namespace larmor::auth
