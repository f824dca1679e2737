#include "catalog/group_changes.h"

#include <algorithm>
#include <vector>

namespace larmor::catalog {

std::string_view GroupChanges::Change::status() const {
    if (!is_active) return "DELETED";
    return target.latest_version > 0 && target.is_announced ? "UPDATED" : "CREATED";
}

std::int64_t GroupChanges::add_instance(db::Transaction& tx, const ImageSetTarget& target) {
    auto& change = changes_[target.row];
    if (change.touched == 0) change.target = target;
    if (target.entry) change.target.entry = target.entry;
    ++change.touched;
    ++change.rows;
    ++change.shown;
    tx.on_rollback([this, row = target.row] {
        const auto found = changes_.find(row);
        if (found == changes_.end()) return;
        --found->second.rows;
        --found->second.shown;
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
    }
    if (target.entry) change.target.entry = target.entry;
    ++change.touched;
    change.rows += by.rows;
    change.shown += by.shown;
    change.is_active = by.active.value_or(change.is_active);
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
        TRY_VOID(append_event(tx, *change, datastore_id));
        auto& study = studies[change->target.study];
        if (!change->target.is_primary) continue;
        study.instances += change->shown;
        study.series += (change->is_active ? 1 : 0) - (change->was_shown() ? 1 : 0);
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
                     change.target.row, version, now_us, change.rows, change.status()));
    return tx.run_later(
        "INSERT INTO image_set_versions"
        " (image_set, version, created, cause, number_of_instances, forced)"
        " SELECT id, latest_version, ?2, ?3, number_of_instances, ?4"
        " FROM image_sets WHERE id = ?1",
        change.target.row, now_us, change.cause, change.forced ? 1 : 0);
}

Result<void> GroupChanges::append_event(db::Transaction& tx, const Change& change,
                                        std::string_view datastore_id) {
    const std::int64_t version = change.target.latest_version + 1;
    const std::string_view status = change.status();
    // Ids are hexadecimal: nothing to escape. Both spellings of the id, since the guide has
    // imagesetId and its own samples read imageSetId.
    std::string detail = R"({"imagingVersion":"1.0","isPrimary":)";
    detail += change.target.is_primary ? "true" : "false";
    detail += R"(,"imageSetVersion":")";
    detail += std::to_string(version);
    detail += R"(","datastoreId":")";
    detail += datastore_id;
    detail += R"(","imagesetId":")";
    detail += change.target.id;
    detail += R"(","imageSetId":")";
    detail += change.target.id;
    detail += R"(","imageSetState":")";
    detail += change.is_active ? "ACTIVE" : "DELETED";
    detail += R"(","imageSetWorkflowStatus":")";
    detail += status;
    detail += R"("})";
    const std::string arn = events::image_set_arn(source_, datastore_id, change.target.id);
    TRY_VOID(log_.append(tx, {.detail_type = status == "CREATED"   ? "Image Set Created"
                                             : status == "UPDATED" ? "Image Set Updated"
                                                                   : "Image Set Deleted",
                              .detail = detail,
                              .resource = arn,
                              .subject_id = change.target.id}));
    return {};
}

}  // namespace larmor::catalog
