#include "edits/original_attributes.h"

#include <algorithm>
#include <cstdio>

namespace larmor::edits {

std::string modification_time(const Changes& changes) {
    Time last;
    for (const Change& change : changes) last = std::max(last, change.time);
    const auto day = std::chrono::floor<std::chrono::days>(last);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss time(last - day);
    char text[48];
    std::snprintf(
        text, sizeof text, "%04d%02u%02u%02d%02d%02d.%06d+0000", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
        static_cast<int>(time.seconds().count()),
        static_cast<int>(
            std::chrono::duration_cast<std::chrono::microseconds>(time.subseconds()).count()));
    return text;
}

std::vector<dicom::Tag> changed_elements(const Changes& changes) {
    std::vector<dicom::Tag> tags;
    tags.reserve(changes.size());
    for (const Change& change : changes) tags.push_back(change.path.outermost());
    std::ranges::sort(tags);
    const auto repeated = std::ranges::unique(tags);
    tags.erase(repeated.begin(), repeated.end());
    return tags;
}

}  // namespace larmor::edits
