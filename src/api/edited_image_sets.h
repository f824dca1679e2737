#pragma once
#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "catalog/records.h"

namespace larmor::api {

/// The versions in which image sets were edited since the server started: what was remembered
/// of an instance before is not given again, and nothing else has to be forgotten. An edit
/// tells it when it is durable and before it is answered. Safe from any thread.
class EditedImageSets {
public:
    static constexpr std::size_t kSetsMax = 100'000;

    void note(catalog::ImageSetRow image_set, std::int64_t version) {
        const std::unique_lock lock(mutex_);
        // Those that are left out count as edited, whatever was remembered of them.
        if (versions_.size() >= kSetsMax) {
            versions_.clear();
            all_before_ = true;
        }
        auto& known = versions_[catalog::number_of(image_set)];
        known = std::max(known, version);
        any_ = true;
    }
    bool is_current(const catalog::StoredInstance& instance) const {
        if (!any_) return true;
        const std::shared_lock lock(mutex_);
        const auto found = versions_.find(catalog::number_of(instance.image_set));
        if (found == versions_.end()) return !all_before_;
        return instance.edited_version >= found->second;
    }

private:
    std::atomic<bool> any_{false};
    mutable std::shared_mutex mutex_;
    std::unordered_map<std::int64_t, std::int64_t> versions_;  ///< by row
    bool all_before_ = false;
};

}  // namespace larmor::api
