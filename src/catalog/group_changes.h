#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "catalog/series_cache.h"
#include "db/transaction.h"
#include "events/event_log.h"

namespace larmor::catalog {

/// An image set that an instance goes to.
struct ImageSetTarget {
    std::int64_t row = 0;
    std::string id;
    std::int64_t study = 0;
    std::int64_t series = 0;
    bool is_primary = true;
    std::int64_t latest_version = 0;
    std::shared_ptr<SeriesEntry> entry;  ///< of a primary one: learns the new version
};

/// What a group of writes adds to image sets, gathered in memory and written once before its
/// commit: one version and one event for each image set, and the counters. Of the writer's
/// thread.
class GroupChanges {
public:
    GroupChanges(events::EventLog& log, events::Source source, const Clock& clock)
        : log_(log), source_(std::move(source)), clock_(clock) {}

    /// Notes one more instance; gives the version that will be its first. Undone with the
    /// request.
    std::int64_t add_instance(db::Transaction& tx, const ImageSetTarget& target);

    /// The database's before_commit.
    Result<void> write(db::Transaction& tx, std::string_view datastore_id);

private:
    struct Change {
        ImageSetTarget target;
        std::int64_t added = 0;
    };
    struct StudyChange {
        std::int64_t series = 0;
        std::int64_t instances = 0;
    };
    Result<void> write_version(db::Transaction& tx, const Change& change, std::int64_t now_us);
    Result<void> append_event(db::Transaction& tx, const Change& change,
                              std::string_view datastore_id);

    events::EventLog& log_;
    const events::Source source_;
    const Clock& clock_;
    std::unordered_map<std::int64_t, Change> changes_;  ///< by row of the image set
};

}  // namespace larmor::catalog
