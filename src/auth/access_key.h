#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "auth/principal.h"
#include "base/hash.h"

namespace larmor::auth {

/// What the secrets of a library's access keys are made from. Whoever verifies an HMAC needs
/// the secret itself, so a hash of it, as of tokens, will not do. No secret is stored for that:
/// each is the HMAC of its key's id under these 256 bits, which are in a file that only its
/// owner can read. Rows, backups and replicas of the database let nobody sign; the file alone
/// does not say which keys there are, but whoever has both has all of them.
class AccessKeyRoot {
public:
    explicit AccessKeyRoot(const Sha256& bits) : bits_(bits) {}

    /// Reads the file, or makes it with random bits (mode 0600) where there is none: then keys
    /// that were made before are no longer valid. Errors: Denied when others may read it,
    /// Corrupt when it is no such file, those of the disk.
    static Result<AccessKeyRoot> open(const std::filesystem::path& file);

    /// 43 characters of URL-safe base64.
    std::string secret_of(std::string_view access_key_id) const;

private:
    Sha256 bits_;
};

/// With what and as whom the holder of an access key signs.
struct AccessKey {
    Principal principal;
    std::string secret;
};

}  // namespace larmor::auth
