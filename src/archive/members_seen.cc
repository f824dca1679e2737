#include "archive/members_seen.h"

#include <functional>
#include <utility>

namespace larmor::archive {

void MembersSeen::add(std::string_view path, std::uint64_t header_offset) {
    if (newer_.size() == kKeptMin) older_ = std::exchange(newer_, {});
    newer_.insert_or_assign(std::hash<std::string_view>()(path), header_offset);
}

std::optional<std::uint64_t> MembersSeen::find(std::string_view path) const {
    const auto key = std::hash<std::string_view>()(path);
    for (const auto* offsets : {&newer_, &older_}) {
        const auto found = offsets->find(key);
        if (found != offsets->end()) return found->second;
    }
    return std::nullopt;
}

void MembersSeen::clear() {
    newer_.clear();
    older_.clear();
}

}  // namespace larmor::archive
