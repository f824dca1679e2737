#pragma once
#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/hash.h"

namespace larmor::auth {

/// The code in the link that is printed at start: good once, and for ten minutes. Lives in
/// memory only, so a restart voids it. Safe from any thread.
class SignInCode {
public:
    static constexpr std::chrono::minutes kLifetime{10};

    explicit SignInCode(const Clock& clock) : clock_(clock) {}

    /// A new code; the one before is void from now on.
    std::string issue();
    /// Uses the code up. Errors: Unauthenticated for a wrong, used or expired one, without
    /// saying which. A wrong try does not use up the right code.
    Result<void> redeem(std::string_view code);

private:
    const Clock& clock_;
    std::mutex mutex_;
    std::optional<Sha256> hash_;
    std::chrono::microseconds expires_{};  ///< by the uptime: no jump of the clock ends it
};

}  // namespace larmor::auth
