#include "index/levels.h"

#include <algorithm>

namespace larmor::index {
namespace {

constexpr std::array<std::string_view, kLevelCount + 1> kLevelNames = {
    "patient", "study", "series", "instance", "frame"};

}  // namespace

std::string_view name_of(Level level) {
    return kLevelNames.at(static_cast<std::size_t>(level));
}

Result<Levels> Levels::parse(std::string_view names) {
    Levels levels(0);
    for (;;) {
        const auto comma = std::min(names.find(','), names.size());
        const auto* const name = std::ranges::find(kLevelNames, names.substr(0, comma));
        if (name == kLevelNames.end()) {
            return fail(ErrorCode::InvalidInput,
                        "levels of the index are some of patient, study, series, instance and "
                        "frame, with commas");
        }
        levels.bits_.set(static_cast<std::size_t>(name - kLevelNames.begin()));
        if (comma == names.size()) break;
        names.remove_prefix(comma + 1);
    }
    if (levels.has(Level::Frame)) levels.bits_.set(static_cast<std::size_t>(Level::Instance));
    return levels;
}

}  // namespace larmor::index
