#pragma once
#include <cstdint>

#include "base/result.h"

namespace larmor::reassembly::join_bench {

/// The most memory that this process ever had resident, in bytes: VmHWM of proc(5).
Result<std::uint64_t> peak_resident_bytes();

}  // namespace larmor::reassembly::join_bench
