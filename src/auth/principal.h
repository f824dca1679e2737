#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "auth/role.h"
#include "base/clock.h"

namespace larmor::auth {

/// How somebody showed who they are.
enum class Via : std::uint8_t {
    Token,      ///< `Authorization: Bearer ...`
    Session,    ///< the browser's cookie
    AccessKey,  ///< a request that was signed with one: `Authorization: AWS4-HMAC-SHA256 ...`
    Nothing,    ///< `--auth off`: everybody on this machine is the admin
};

/// Who makes a request.
struct Principal {
    std::string id;    ///< of the token, session or access key; `local` for Via::Nothing. For
                       ///< logs and audit.
    std::string name;  ///< as given when that was made
    Role role = Role::Reader;
    Via via = Via::Token;
    std::optional<Time> expires;  ///< nothing for Via::Nothing
};

/// Errors: Denied that names the right and the role.
Result<void> check(const Principal& principal, Right right);

}  // namespace larmor::auth
