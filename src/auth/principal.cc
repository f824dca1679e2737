#include "auth/principal.h"

namespace larmor::auth {

Result<void> check(const Principal& principal, Right right) {
    if (!allows(principal.role, right)) {
        return fail(ErrorCode::Denied, "this needs the right " + std::string(name_of(right)) +
                                           ", which the role " +
                                           std::string(name_of(principal.role)) +
                                           " does not have");
    }
    return {};
}

}  // namespace larmor::auth
