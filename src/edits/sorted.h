#pragma once
#include <algorithm>

namespace larmor::edits {

/// An array of what is looked for by binary search, sorted when it is compiled.
consteval auto sorted(auto all) {
    std::ranges::sort(all);
    return all;
}

}  // namespace larmor::edits
