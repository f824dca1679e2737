#pragma once
#include <bitset>
#include <string_view>

#include "base/result.h"
#include "index/document.h"

namespace larmor::index {

/// The levels that a target keeps attributes of, and whether it keeps frames.
class Levels {
public:
    /// `patient,study,series`. Frames are of instances: `frame` brings these along. Errors:
    /// InvalidInput.
    static Result<Levels> parse(std::string_view names);
    static Levels all() { return Levels(0b11111); }
    bool has(Level level) const { return bits_.test(static_cast<std::size_t>(level)); }

private:
    explicit Levels(unsigned long long bits) : bits_(bits) {}
    std::bitset<kLevelCount + 1> bits_;
};

/// `patient`, `study`, `series`, `instance`, `frame`.
std::string_view name_of(Level level);

}  // namespace larmor::index
