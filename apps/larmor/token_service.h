#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "larmor/command.h"

namespace larmor {

/// What the same three commands are for.
enum class CredentialKind : std::uint8_t { Token, AccessKey };

/// A token or an access key as people read it.
struct TokenRow {
    std::string id;
    std::string name;
    std::string role;
    std::string created;  ///< ISO 8601, as the next two
    std::string expires;
    std::string revoked;  ///< empty for a live one
};

struct NewToken {
    TokenRow row;
    std::string secret;  ///< shown once
};

/// The tokens or the access keys of a library.
class TokenService {
public:
    virtual ~TokenService() = default;
    /// `lifetime` as `30d`, `12h`. Errors: InvalidInput for a role, a name or a lifetime.
    virtual Result<NewToken> create(const std::string& name, const std::string& role,
                                    const std::string& lifetime) = 0;
    virtual Result<std::vector<TokenRow>> list() = 0;
    /// Errors: NotFound.
    virtual Result<void> revoke(const std::string& id) = 0;
};

/// Opens the library itself; where a server has it open, goes through that server.
Result<std::unique_ptr<TokenService>> open_token_service(const Settings& settings,
                                                         CredentialKind kind);

}  // namespace larmor
