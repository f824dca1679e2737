#pragma once
#include "base/sha256_pair.h"

namespace larmor {

/// The ways of sha256_pair, for its tests.
using Sha256Pair = std::array<Sha256, 2> (*)(std::span<const Bytes>, std::span<const Bytes>);

std::array<Sha256, 2> sha256_one_after_the_other(std::span<const Bytes> one,
                                                 std::span<const Bytes> other);
/// Null where this processor has no instructions for it.
Sha256Pair sha256_interleaved();

}  // namespace larmor
