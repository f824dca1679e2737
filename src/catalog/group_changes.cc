#include "catalog/group_changes.h"

#include <algorithm>
#include <vector>

namespace larmor::catalog {

std::int64_t GroupChanges::add_instance(db::Transaction& tx, const ImageSetTarget& target) {
    auto& change = changes_[target.row];
    if (change.added == 0) change.target = target;
    ++change.added;
    tx.on_rollback([this, row = target.row] {
        const auto found = changes_.find(row);
        if (found != changes_.end() && --found->second.added == 0) changes_.erase(found);
    });
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
        study.instances += change->added;
        study.series += change->target.latest_version == 0 ? 1 : 0;
    }
    for (const auto& [study, change] : studies) {
        TRY_VOID(
            tx.run("UPDATE studies SET number_of_series = number_of_series + ?2,"
                   " number_of_instances = number_of_instances + ?3,"
                   " version = version + 1, updated = ?4 WHERE id = ?1",
                   study, change.series, change.instances, now_us));
    }
    tx.on_commit([this] {
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
        tx.run("UPDATE image_sets SET latest_version = ?2, updated = ?3,"
               " number_of_instances = number_of_instances + ?4, workflow_status = ?5"
               " WHERE id = ?1",
               change.target.row, version, now_us, change.added,
               version == 1 ? "CREATED" : "UPDATED"));
    TRY_VOID(
        tx.run("INSERT INTO image_set_versions"
               " (image_set, version, created, cause, number_of_instances)"
               " SELECT id, latest_version, ?2, 'import', number_of_instances"
               " FROM image_sets WHERE id = ?1",
               change.target.row, now_us));
    return {};
}

Result<void> GroupChanges::append_event(db::Transaction& tx, const Change& change,
                                        std::string_view datastore_id) {
    const std::int64_t version = change.target.latest_version + 1;
    const bool created = version == 1;
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
    detail += R"(","imageSetState":"ACTIVE","imageSetWorkflowStatus":")";
    detail += created ? "CREATED" : "UPDATED";
    detail += R"("})";
    const std::string arn = events::image_set_arn(source_, datastore_id, change.target.id);
    TRY_VOID(
        log_.append(tx, {.detail_type = created ? "Image Set Created" : "Image Set Updated",
                         .detail = detail,
                         .resource = arn,
                         .subject_id = change.target.id}));
    return {};
}

}  // namespace larmor::catalog
