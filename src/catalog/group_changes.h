#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "catalog/records.h"
#include "catalog/series_cache.h"
#include "db/transaction.h"
#include "events/event_log.h"

namespace larmor::catalog {

/// An image set that is changed.
struct ImageSetTarget {
    std::int64_t row = 0;
    std::string id;
    std::int64_t study = 0;
    std::int64_t series = 0;
    bool is_primary = true;  ///< before the group, as the next three
    bool is_active = true;
    bool is_announced = true;  ///< an event spoke of it, where it has a version
    std::int64_t latest_version = 0;
    std::shared_ptr<SeriesEntry> entry;  ///< of a primary one: learns the new version
};

/// What is done to an image set, other than that instances arrive.
struct ImageSetChange {
    std::int64_t rows = 0;   ///< instances that came or, below zero, left
    std::int64_t shown = 0;  ///< the same as readers see it
    std::optional<bool> active{};
    std::optional<bool> primary{};
    std::string_view cause;  ///< `delete`, `recover`, `edit`, `revert`, `copy`, `demote`
    bool forced = false;
    std::string source{};  ///< of a copy: id of the image set that it is made of
};

/// What a group of writes does to image sets, gathered in memory and written once before its
/// commit: one version for each image set, its events, and the counters. Of the writer's
/// thread.
class GroupChanges {
public:
    using BeforeCommitOf =
        std::function<Result<void>(db::Transaction&, std::span<const InstanceRow>)>;
    GroupChanges(events::EventLog& log, events::Source source, const Clock& clock,
                 BeforeCommitOf before_commit_of)
        : log_(log),
          source_(std::move(source)),
          clock_(clock),
          before_commit_of_(std::move(before_commit_of)) {}

    /// Notes one more instance; gives the version that will be its first. Undone with the
    /// request.
    std::int64_t add_instance(db::Transaction& tx, const ImageSetTarget& target);
    /// The row that it got. Undone with the request.
    void note_row(db::Transaction& tx, InstanceRow row);
    /// The same for everything else that changes an image set.
    std::int64_t change(db::Transaction& tx, const ImageSetTarget& target,
                        const ImageSetChange& by);

    /// Whether the group has changed it up to now: its next version is taken.
    bool is_changed(std::int64_t image_set) const { return changes_.contains(image_set); }

    /// The database's before_commit.
    Result<void> write(db::Transaction& tx, std::string_view datastore_id);

private:
    static constexpr std::string_view kImport = "import";

    struct Change {
        ImageSetTarget target;
        std::int64_t touched = 0;
        std::int64_t rows = 0;
        std::int64_t shown = 0;
        bool is_active = true;
        bool is_primary = true;
        std::string_view cause = kImport;
        bool forced = false;
        std::string source;

        bool was_shown() const {
            return target.is_active && target.is_primary && target.latest_version > 0;
        }
        bool is_shown() const { return is_active && is_primary; }
    };
    /// What one calls it in events and in `workflow_status`.
    struct Words;
    static const Words& words_of(const Change& change);
    struct StudyChange {
        std::int64_t series = 0;
        std::int64_t instances = 0;
    };
    Result<void> write_version(db::Transaction& tx, const Change& change, std::int64_t now_us);
    Result<void> append_events(db::Transaction& tx, const Change& change,
                               std::string_view datastore_id);

    events::EventLog& log_;
    const events::Source source_;
    const Clock& clock_;
    const BeforeCommitOf before_commit_of_;
    std::unordered_map<std::int64_t, Change> changes_;  ///< by row of the image set
    std::vector<InstanceRow> rows_;                     ///< of new instances
};

}  // namespace larmor::catalog
