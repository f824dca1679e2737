#pragma once
#include <algorithm>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dicom/json_write.h"
#include "dicom/tag.h"

namespace larmor::edits {

/// What a change is about: a data element at the top level or in items of sequences, or one
/// item of a sequence. As text `00100010`, `00400275/0/00400007`, `00400275/0`.
struct Path {
    std::vector<dicom::ItemStep> steps;  ///< outermost first; items count from 0
    dicom::Tag tag;
    std::optional<std::uint32_t> item;  ///< of the sequence `tag`: the path of an item

    /// The data element of the top level that holds it, or is it.
    dicom::Tag outermost() const { return steps.empty() ? tag : steps.front().sequence; }
    bool is_top_level() const { return steps.empty() && !item; }
    friend bool operator==(const Path& a, const Path& b) {
        return a.tag == b.tag && a.item == b.item &&
               std::ranges::equal(a.steps, b.steps, [](const auto& x, const auto& y) {
                   return x.sequence == y.sequence && x.item == y.item;
               });
    }
};

inline constexpr std::size_t kPathDepthMax = 16;
inline constexpr std::uint32_t kPathItemsMax = 100'000;

std::string to_string(const Path& path);
/// Takes keywords too: `RequestAttributesSequence/0/ScheduledProcedureStepID`. Errors:
/// InvalidInput that says which part is wrong; LimitExceeded.
Result<Path> parse_path(std::string_view text);

}  // namespace larmor::edits
