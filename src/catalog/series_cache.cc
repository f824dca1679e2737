#include "catalog/series_cache.h"

namespace larmor::catalog {

std::string SeriesCache::key_of(std::string_view study_uid, std::string_view series_uid) {
    std::string key;
    key.reserve(study_uid.size() + series_uid.size() + 1);
    key += study_uid;
    key += '/';  // in no UID
    key += series_uid;
    return key;
}

std::shared_ptr<SeriesEntry> SeriesCache::find(const std::string& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return order_.front().second;
}

void SeriesCache::put(const std::string& key, std::shared_ptr<SeriesEntry> entry) {
    erase(key);
    order_.emplace_front(key, std::move(entry));
    by_key_.emplace(order_.front().first, order_.begin());
    if (order_.size() > entries_max_) {
        by_key_.erase(order_.back().first);
        order_.pop_back();
    }
}

void SeriesCache::erase(const std::string& key) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return;
    const auto entry = found->second;
    by_key_.erase(found);
    order_.erase(entry);
}

}  // namespace larmor::catalog
