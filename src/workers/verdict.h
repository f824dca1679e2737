#pragma once
#include "async/retry.h"
#include "workers/step.h"

namespace larmor::workers {

/// How long a message waits before it is tried again: at most so long, doubled with each start.
struct Backoff {
    std::chrono::milliseconds first{1'000};
    std::chrono::milliseconds max{15 * 60 * 1'000};
    /// After so many starts, from 1. `random` in [0, 1) keeps apart what failed together.
    std::chrono::microseconds delay(std::int64_t starts, double random) const;
};

/// The one place where an error becomes an outcome. Trying again can help where somebody else
/// was faster, something is down, full or was interrupted; everything else is dead, with the
/// code as its reason. `starts` counts the one that failed.
Verdict verdict_of(const Error& error, std::int64_t starts, const Backoff& backoff,
                   double random);

/// `invalid_input`, ...: the reason of the dead letter.
std::string_view reason_of(ErrorCode code);

}  // namespace larmor::workers
