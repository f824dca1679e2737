#pragma once
#include <chrono>

#include "async/cancel.h"

namespace larmor::async {

struct RetryOptions {
    unsigned attempts_max = 5;
    std::chrono::milliseconds delay_first{100};  ///< the longest wait before the second attempt
    std::chrono::milliseconds delay_max{10'000};
    Deadline deadline = Deadline::never();  ///< no attempt starts after it
};

/// The wait after the attempt number `attempt` (from 1): between 0 and
/// delay_first * 2^(attempt - 1), at most delay_max ("full jitter", so that clients that failed
/// together do not come back together). `random` is in [0, 1).
std::chrono::nanoseconds backoff_delay(const RetryOptions& options, unsigned attempt,
                                       double random);
/// In [0, 1); thread-local generator.
double random_unit();

/// Calls `attempt` (gives Task<Result<T>>) until it succeeds, fails with anything but
/// Unavailable, or the options' limits are reached; then gives its last result. Cancelled when
/// the token is. `attempt` lives in this task's frame.
template <typename F>
auto retry(RetryOptions options, CancelToken cancel, F attempt) -> std::invoke_result_t<F&> {
    for (unsigned number = 1;; ++number) {
        CO_TRY_VOID(cancel.check("retrying"));
        auto result = co_await attempt();
        if (result || result.error().code != ErrorCode::Unavailable ||
            number >= options.attempts_max) {
            co_return result;
        }
        const auto delay = backoff_delay(options, number, random_unit());
        if (delay >= options.deadline.remaining()) co_return result;
        co_await cancel.sleep(delay);
    }
}

}  // namespace larmor::async
