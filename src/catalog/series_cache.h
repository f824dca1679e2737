#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

namespace larmor::catalog {

/// What an insert has to know of a series, so that it needs no look-up.
struct SeriesEntry {
    std::int64_t study = 0;
    std::int64_t series = 0;
    std::string patient_id;  ///< of the study
    std::string issuer_of_patient_id;
    std::int64_t image_set = 0;  ///< the primary one; 0 until there is one
    std::string image_set_id;
    std::int64_t latest_version = 0;  ///< committed
};

/// The series that were written to last, by their UIDs. Of the writer's thread only.
class SeriesCache {
public:
    explicit SeriesCache(std::size_t entries_max) : entries_max_(entries_max) {}

    static std::string key_of(std::string_view study_uid, std::string_view series_uid);
    /// Empty when it is not there.
    std::shared_ptr<SeriesEntry> find(const std::string& key);
    void put(const std::string& key, std::shared_ptr<SeriesEntry> entry);
    void erase(const std::string& key);
    void clear() {
        by_key_.clear();
        order_.clear();
    }

private:
    using Order = std::list<std::pair<std::string, std::shared_ptr<SeriesEntry>>>;
    const std::size_t entries_max_;
    Order order_;  ///< most recently used first
    std::unordered_map<std::string_view, Order::iterator> by_key_;
};

}  // namespace larmor::catalog
