#pragma once
#include "base/hash.h"

namespace larmor {

/// SHA-256 of two inputs, each in pieces. Where the processor has instructions for it, one
/// input is worked on while an instruction of the other is waited for: both together take about
/// six tenths of the time that they take one behind the other.
std::array<Sha256, 2> sha256_pair(std::span<const Bytes> one, std::span<const Bytes> other);

}  // namespace larmor
