#include "auth/secret.h"

#include <array>
#include <charconv>

#include "base/base64.h"
#include "base/checked.h"
#include "base/ids.h"

namespace larmor::auth {

std::string make_secret() {
    std::array<std::byte, 32> bits{};
    fill_random(bits);
    return "larmor_" + to_base64url(bits);
}

Sha256 hash_of_secret(std::string_view secret) {
    return sha256(as_bytes(secret));
}

Result<std::int64_t> parse_lifetime_s(std::string_view text) {
    constexpr std::int64_t kDay = 86400;
    constexpr std::int64_t kMax = 3653 * kDay;
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (error != std::errc() || count <= 0 || end + 1 != text.data() + text.size()) {
        return fail(ErrorCode::InvalidInput,
                    "a lifetime is a positive number and one of s, m, h, d, as in 30d");
    }
    std::int64_t unit = 0;
    switch (*end) {
        case 's':
            unit = 1;
            break;
        case 'm':
            unit = 60;
            break;
        case 'h':
            unit = 3600;
            break;
        case 'd':
            unit = kDay;
            break;
        default:
            return fail(ErrorCode::InvalidInput,
                        "the unit of a lifetime is one of s, m, h, d, as in 30d");
    }
    const auto seconds = checked_multiply(count, unit);
    if (!seconds || *seconds > kMax) {
        return fail(ErrorCode::LimitExceeded, "a lifetime is at most ten years");
    }
    return *seconds;
}

}  // namespace larmor::auth
