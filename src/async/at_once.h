#pragma once
#include <cstddef>
#include <functional>

#include "base/result.h"

namespace larmor::async {

/// Calls `act` for 0 to `count` - 1, some at a time, on threads: for what waits for a disk or a
/// server, which serve many as fast as one. After an error none is begun; gives the first.
Result<void> at_once(std::size_t count, const std::function<Result<void>(std::size_t)>& act);

}  // namespace larmor::async
