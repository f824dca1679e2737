#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"

namespace larmor::workers {

/// `{"queue":"index","from":42,"last":99,"pattern":{..}}`, the last two optional, or
/// `{"rule":"index","from":"2026-01-02T00:00:00Z"}`: see ReplayJob.
struct ReplayParameters {
    std::string queue;  ///< or else the rule
    std::string rule;
    std::optional<std::int64_t> from_sequence{};
    std::optional<Time> from_time{};
    std::optional<std::int64_t> last{};
    std::optional<std::string> pattern{};
};
/// Errors: InvalidInput that names the member.
Result<ReplayParameters> parse_replay_parameters(std::string_view json);

}  // namespace larmor::workers
