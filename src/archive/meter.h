#pragma once
#include <cstdint>

#include "archive/archive.h"

namespace larmor::archive {

/// Compares what was given out with what was read and with the limits.
class Meter {
public:
    explicit Meter(const Limits& limits) : limits_(limits) {}

    /// Errors: LimitExceeded with the limit that is passed.
    Result<void> give(std::uint64_t count, std::uint64_t read_bytes) {
        given_ += count;
        if (given_ > limits_.total_max_bytes) {
            return fail(ErrorCode::LimitExceeded, "the archive holds more than " +
                                                      std::to_string(limits_.total_max_bytes) +
                                                      " bytes");
        }
        return check_ratio(limits_, given_, read_bytes);
    }

    /// Errors: LimitExceeded where so few bytes must not become so many.
    static Result<void> check_ratio(const Limits& limits, std::uint64_t given,
                                    std::uint64_t read_bytes) {
        // Small inputs of zeros have any ratio; they cost nothing.
        if (given <= kFreeBytes || given / limits.ratio_max <= read_bytes) return {};
        return fail(ErrorCode::LimitExceeded,
                    std::to_string(given) + " bytes come of " + std::to_string(read_bytes) +
                        ": more than " + std::to_string(limits.ratio_max) + " times as many");
    }

private:
    static constexpr std::uint64_t kFreeBytes = 64ULL << 20;
    Limits limits_;
    std::uint64_t given_ = 0;
};

}  // namespace larmor::archive
