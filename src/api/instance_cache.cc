#include "api/instance_cache.h"

#include <utility>

namespace larmor::api {
namespace {

std::size_t bytes_of(const std::string& path, const LocatedInstance& located) {
    // Rows hold about a dozen short texts.
    return path.size() + sizeof(LocatedInstance) + 512 + located.frame_index.size();
}

}  // namespace

LocatedInstancePtr InstanceCache::find(std::string_view path) const {
    const std::string key(path);
    const std::scoped_lock lock(mutex_);
    if (const auto found = young_.find(key); found != young_.end()) {
        return found->second;
    }
    const auto found = old_.find(key);
    return found == old_.end() ? nullptr : found->second;
}

std::uint64_t InstanceCache::generation() const {
    const std::scoped_lock lock(mutex_);
    return generation_;
}

void InstanceCache::forget_all() {
    const std::scoped_lock lock(mutex_);
    ++generation_;
    young_.clear();
    old_.clear();
    young_bytes_ = 0;
}

void InstanceCache::remember(std::string path, LocatedInstancePtr located,
                             std::uint64_t generation) {
    const std::size_t size = bytes_of(path, *located);
    if (size > kBytesMax / 2) {
        return;
    }
    const std::scoped_lock lock(mutex_);
    if (generation != generation_) {
        return;
    }
    if (young_.size() >= kEntriesMax / 2 || young_bytes_ + size > kBytesMax / 2) {
        old_ = std::exchange(young_, {});
        young_bytes_ = 0;
    }
    if (young_.insert_or_assign(std::move(path), std::move(located)).second) {
        young_bytes_ += size;
    }
}

}  // namespace larmor::api
