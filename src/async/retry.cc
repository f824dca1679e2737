#include "async/retry.h"

#include <algorithm>
#include <random>

namespace larmor::async {

std::chrono::nanoseconds backoff_delay(const RetryOptions& options, unsigned attempt,
                                       double random) {
    // 2^20 times anything is over delay_max; a larger shift would overflow.
    const auto doublings = std::min(attempt > 0 ? attempt - 1 : 0, 20U);
    const double longest =
        std::min(static_cast<double>(options.delay_first.count()) * (1U << doublings),
                 static_cast<double>(options.delay_max.count()));
    return std::chrono::nanoseconds(static_cast<std::int64_t>(longest * random * 1e6));
}

double random_unit() {
    thread_local std::minstd_rand generator(std::random_device{}());
    return std::uniform_real_distribution<double>(0, 1)(generator);
}

}  // namespace larmor::async
