#include "workers/verdict.h"

#include <algorithm>
#include <limits>

namespace larmor::workers {
namespace {

enum class Help : std::uint8_t { TryAgain, None };

struct Ruling {
    Help help;
    std::string_view reason;
};

Ruling ruling_on(ErrorCode code) {
    switch (code) {
        case ErrorCode::InvalidInput:
            return {Help::None, "invalid_input"};
        case ErrorCode::NotFound:
            return {Help::None, "not_found"};
        case ErrorCode::Unsupported:
            return {Help::None, "unsupported"};
        case ErrorCode::LimitExceeded:
            return {Help::None, "limit_exceeded"};
        case ErrorCode::Unauthenticated:
            return {Help::None, "unauthenticated"};
        case ErrorCode::Denied:
            return {Help::None, "denied"};
        case ErrorCode::Corrupt:
            return {Help::None, "corrupt"};
        case ErrorCode::Conflict:
            return {Help::TryAgain, "conflict"};
        case ErrorCode::Unavailable:
            return {Help::TryAgain, "unavailable"};
        case ErrorCode::NoSpace:
            return {Help::TryAgain, "no_space"};
        case ErrorCode::Cancelled:
            return {Help::TryAgain, "cancelled"};
        case ErrorCode::OutcomeUnknown:
            return {Help::TryAgain, "outcome_unknown"};
    }
    return {Help::None, "unknown"};
}

}  // namespace

std::chrono::microseconds Backoff::delay(std::int64_t starts, double random) const {
    const async::RetryOptions options{.delay_first = first, .delay_max = max};
    const auto attempt = static_cast<unsigned>(
        std::clamp<std::int64_t>(starts, 1, std::numeric_limits<int>::max()));
    return std::chrono::duration_cast<std::chrono::microseconds>(
        async::backoff_delay(options, attempt, random));
}

std::string_view reason_of(ErrorCode code) {
    return ruling_on(code).reason;
}

Verdict verdict_of(const Error& error, std::int64_t starts, const Backoff& backoff,
                   double random) {
    const Ruling ruling = ruling_on(error.code);
    if (ruling.help == Help::None) return Dead{std::string(ruling.reason), error.message};
    // Who was interrupted did nothing wrong: the next worker may begin at once.
    if (error.code == ErrorCode::Cancelled) return Retry{.error = error.message};
    return Retry{backoff.delay(starts, random), error.message};
}

}  // namespace larmor::workers
