#include "catalog/group_changes.h"

#include <algorithm>
#include <vector>

namespace larmor::catalog {

/// A change of ours is one transaction: that it goes on and that it is done are told together,
/// for those who follow the states of the service.
struct GroupChanges::Words {
    std::string_view event;
    std::string_view status;
    std::string_view event_before;
    std::string_view status_before;
    std::string_view state = "ACTIVE";
};

const GroupChanges::Words& GroupChanges::words_of(const Change& change) {
    static constexpr Words kCreated{"Image Set Created", "CREATED", {}, {}};
    // One event for each group of arrivals: imports are what there is most of.
    static constexpr Words kArrived{"Image Set Updated", "UPDATED", {}, {}};
    static constexpr Words kUpdated{"Image Set Updated", "UPDATED", "Image Set Updating",
                                    "UPDATING"};
    static constexpr Words kCopied{"Image Set Copied", "COPIED", "Image Set Copying",
                                   "COPYING"};
    static constexpr Words kDeleted{"Image Set Deleted", "DELETED", "Image Set Deleting",
                                    "DELETING", "DELETED"};
    if (!change.is_active) return kDeleted;
    if (!change.source.empty()) return kCopied;
    if (change.target.latest_version == 0 || !change.target.is_announced) return kCreated;
    return change.cause == kImport ? kArrived : kUpdated;
}

std::int64_t GroupChanges::add_instance(db::Transaction& tx, const ImageSetTarget& target) {
    auto& change = changes_[target.row];
    if (change.touched == 0) {
        change.target = target;
        change.is_primary = target.is_primary;
    }
    if (target.entry) change.target.entry = target.entry;
    const std::int64_t shown = target.is_primary ? 1 : 0;
    ++change.touched;
    ++change.rows;
    change.shown += shown;
    tx.on_rollback([this, row = target.row, shown] {
        const auto found = changes_.find(row);
        if (found == changes_.end()) return;
        --found->second.rows;
        found->second.shown -= shown;
        if (--found->second.touched == 0) changes_.erase(found);
    });
    return change.target.latest_version + 1;
}

void GroupChanges::note_row(db::Transaction& tx, InstanceRow row) {
    rows_.push_back(row);
    tx.on_rollback([this] { rows_.pop_back(); });
}

std::int64_t GroupChanges::change(db::Transaction& tx, const ImageSetTarget& target,
                                  const ImageSetChange& by) {
    auto& change = changes_[target.row];
    tx.on_rollback([this, row = target.row, before = change] {
        if (before.touched == 0) {
            changes_.erase(row);
        } else {
            changes_[row] = before;
        }
    });
    if (change.touched == 0) {
        change.target = target;
        change.is_active = target.is_active;
        change.is_primary = target.is_primary;
    }
    if (target.entry) change.target.entry = target.entry;
    ++change.touched;
    change.rows += by.rows;
    change.shown += by.shown;
    change.is_active = by.active.value_or(change.is_active);
    change.is_primary = by.primary.value_or(change.is_primary);
    if (!by.source.empty()) change.source = by.source;
    change.cause = by.cause;
    change.forced = change.forced || by.forced;
    return change.target.latest_version + 1;
}

Result<void> GroupChanges::write(db::Transaction& tx, std::string_view datastore_id) {
    if (changes_.empty()) return {};
    const std::int64_t now_us = clock_.now().time_since_epoch().count();
    // By row, so that the order of events does not depend on a hash.
    std::vector<const Change*> ordered;
    ordered.reserve(changes_.size());
    for (const auto& [row, change] : changes_) ordered.push_back(&change);
    std::ranges::sort(ordered, {}, [](const Change* change) { return change->target.row; });

    std::unordered_map<std::int64_t, StudyChange> studies;
    for (const Change* change : ordered) {
        TRY_VOID(write_version(tx, *change, now_us));
        TRY_VOID(append_events(tx, *change, datastore_id));
        auto& study = studies[change->target.study];
        study.instances += change->shown;
        study.series += (change->is_shown() ? 1 : 0) - (change->was_shown() ? 1 : 0);
    }
    for (const auto& [study, change] : studies) {
        TRY_VOID(
            tx.run_later("UPDATE studies SET number_of_series = number_of_series + ?2,"
                         " number_of_instances = number_of_instances + ?3,"
                         " version = version + 1, updated = ?4 WHERE id = ?1",
                         study, change.series, change.instances, now_us));
    }
    if (before_commit_of_ && !rows_.empty()) {
        TRY_VOID(before_commit_of_(tx, rows_));
    }
    tx.on_commit([this] {
        rows_.clear();
        for (auto& [row, change] : changes_) {
            if (change.target.entry) ++change.target.entry->latest_version;
        }
        changes_.clear();
    });
    return {};
}

Result<void> GroupChanges::write_version(db::Transaction& tx, const Change& change,
                                         std::int64_t now_us) {
    const std::int64_t version = change.target.latest_version + 1;
    TRY_VOID(
        tx.run_later("UPDATE image_sets SET latest_version = ?2, updated = ?3,"
                     " number_of_instances = number_of_instances + ?4, workflow_status = ?5"
                     " WHERE id = ?1",
                     change.target.row, version, now_us, change.rows, words_of(change).status));
    return tx.run_later(
        "INSERT INTO image_set_versions"
        " (image_set, version, created, cause, number_of_instances, forced)"
        " SELECT id, latest_version, ?2, ?3, number_of_instances, ?4"
        " FROM image_sets WHERE id = ?1",
        change.target.row, now_us, change.cause, change.forced ? 1 : 0);
}

Result<void> GroupChanges::append_events(db::Transaction& tx, const Change& change,
                                         std::string_view datastore_id) {
    const Words& words = words_of(change);
    const std::string arn = events::image_set_arn(source_, datastore_id, change.target.id);
    // Ids are hexadecimal: nothing to escape. Both spellings of the id, since the guide has
    // imagesetId and its own samples read imageSetId.
    std::string detail = R"({"imagingVersion":"1.0","isPrimary":)";
    detail += change.is_primary ? "true" : "false";
    detail += R"(,"imageSetVersion":")" + std::to_string(change.target.latest_version + 1);
    detail.append(R"(","datastoreId":")").append(datastore_id);
    detail.append(R"(","imagesetId":")").append(change.target.id);
    detail.append(R"(","imageSetId":")").append(change.target.id);
    const auto append = [&](std::string_view type, std::string_view state,
                            std::string_view status, std::string_view more) -> Result<void> {
        std::string whole = detail;
        whole.append(R"(","imageSetState":")").append(state);
        whole.append(R"(","imageSetWorkflowStatus":")").append(status);
        whole.append(more).append("\"}");
        TRY_VOID(log_.append(tx, {.detail_type = type,
                                  .detail = whole,
                                  .resource = arn,
                                  .subject_id = change.target.id}));
        return {};
    };
    if (!words.event_before.empty()) {
        std::string from;
        if (!change.source.empty()) {
            from = R"(","sourceImageSetArn":")" +
                   events::image_set_arn(source_, datastore_id, change.source);
        }
        TRY_VOID(append(words.event_before, "LOCKED", words.status_before, from));
    }
    return append(words.event, words.state, words.status, {});
}

}  // namespace larmor::catalog
