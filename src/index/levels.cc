#include "index/levels.h"

#include <algorithm>

namespace larmor::index {
namespace {

constexpr std::array<std::string_view, kLevelCount> kLevelNames = {"patient", "study", "series",
                                                                   "instance"};

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
                        "levels of the index are some of patient, study, series and instance, "
                        "with commas");
        }
        levels.bits_.set(static_cast<std::size_t>(name - kLevelNames.begin()));
        if (comma == names.size()) return levels;
        names.remove_prefix(comma + 1);
    }
}

}  // namespace larmor::index
