#pragma once
#include <array>
#include <cstddef>

namespace larmor::objects {

/// Random: which store bytes belong to. In its rows, and beside what they speak of.
using StoreId = std::array<std::byte, 16>;

}  // namespace larmor::objects
