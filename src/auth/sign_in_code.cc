#include "auth/sign_in_code.h"

#include "auth/secret.h"

namespace larmor::auth {

std::string SignInCode::issue() {
    std::string code = make_secret();
    const std::scoped_lock lock(mutex_);
    hash_ = hash_of_secret(code);
    expires_ = clock_.uptime() + kLifetime;
    return code;
}

Result<void> SignInCode::redeem(std::string_view code) {
    const Sha256 presented = hash_of_secret(code);
    const std::scoped_lock lock(mutex_);
    if (!hash_ || clock_.uptime() >= expires_ || !equal_in_constant_time(*hash_, presented)) {
        return fail(ErrorCode::Unauthenticated,
                    "this sign-in link is not valid, was used before, or is older than 10 "
                    "minutes: create a token with `larmor token create` or start again for a "
                    "new link");
    }
    hash_.reset();
    return {};
}

}  // namespace larmor::auth
