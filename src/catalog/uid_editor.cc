#include "catalog/uid_editor.h"

#include "catalog/copy.h"
#include "catalog/deletions.h"
#include "catalog/edit_columns.h"
#include "catalog/read_rows.h"
#include "catalog/stated_columns.h"
#include "dicom/json_write.h"
#include "dicom/tags.h"
#include "edits/apply_json.h"
#include "edits/json_parts.h"
#include "edits/uids.h"

namespace larmor::catalog {
namespace {

namespace tags = dicom::tags;

edits::Change setting(dicom::Tag tag, std::string_view uid) {
    return {.path = {.steps = {}, .tag = tag, .item = {}},
            .element = edits::uid_element(uid),
            .version = 0,
            .time = {}};
}

/// Of what was kept of the columns.
Result<std::optional<std::string>> kept_uid(std::string_view columns, dicom::Tag tag) {
    TRY(const auto members, edits::members_of(columns));
    const auto element = edits::find_member(members, dicom::to_json_key(tag));
    if (!element) return std::nullopt;
    edits::Change change = setting(tag, {});
    change.element = *element;
    return edits::uid_of(change);
}

Result<std::string> sop_instance_uid_of(db::Transaction& tx, std::int64_t instance) {
    TRY(db::Query query, tx.prepare("SELECT sop_instance_uid FROM instances WHERE id = ?1"));
    query.bind(instance);
    TRY_VOID(query.next());
    return query.string(0);
}

Result<std::optional<std::int64_t>> first_instance(db::Transaction& tx,
                                                   std::int64_t image_set) {
    TRY(db::Query query, tx.prepare("SELECT min(id) FROM instances WHERE image_set = ?1"));
    query.bind(image_set);
    TRY_VOID(query.next());
    return query.optional_int64(0);
}

}  // namespace

Result<void> check_room_in_series(db::Transaction& tx, SeriesRow series) {
    TRY(db::Query query,
        tx.prepare("SELECT count(*) FROM image_sets WHERE series = ?1 AND state <> 2"));
    query.bind(number_of(series));
    TRY_VOID(query.next());
    if (query.int64(0) < kImageSetsOfSeriesMax) return {};
    return fail(ErrorCode::LimitExceeded, "the series has " + std::to_string(query.int64(0)) +
                                              " image sets already, the limit is " +
                                              std::to_string(kImageSetsOfSeriesMax));
}

Result<void> UidEditor::begin(const EditTarget& target, EditScope scope) {
    if (target.image_set.is_primary) {
        return fail(ErrorCode::InvalidInput,
                    "Study, Series and SOP Instance UID of a primary image set can't be "
                    "edited, not even by force: they say where everybody finds it");
    }
    TRY(const auto kept, load_columns(tx_, scope));
    const std::string columns = kept.value_or("{}");
    const dicom::Tag first =
        scope.instance == 0 ? tags::StudyInstanceUID : tags::SOPInstanceUID;
    TRY(const auto known, kept_uid(columns, first));
    if (known) return {};
    edits::Changes uids;
    if (scope.instance == 0) {
        uids = {setting(tags::StudyInstanceUID, target.study_instance_uid),
                setting(tags::SeriesInstanceUID, target.series_instance_uid)};
    } else {
        TRY(const std::string uid, sop_instance_uid_of(tx_, scope.instance));
        uids = {setting(tags::SOPInstanceUID, uid)};
    }
    TRY(const std::string both,
        edits::apply_to_json(columns, uids, edits::OriginalAttributes::Leave));
    return replace_columns(tx_, scope, both);
}

Result<std::string> UidEditor::uid_now(EditScope scope, const edits::Changes& now,
                                       dicom::Tag tag, const std::string& otherwise) {
    if (auto edited = edits::last_uid(now, tag)) return *std::move(edited);
    TRY(const auto kept, load_columns(tx_, scope));
    TRY(auto stored, kept_uid(kept.value_or("{}"), tag));
    return std::move(stored).value_or(otherwise);
}

Result<void> UidEditor::follow(EditTarget& target, EditScope scope, const edits::Changes& now) {
    if (scope.instance != 0) {
        TRY(const std::string before, sop_instance_uid_of(tx_, scope.instance));
        TRY(std::string uid, uid_now(scope, now, tags::SOPInstanceUID, before));
        if (uid == before) return {};
        TRY_VOID(impl_.lock(tx_, Catalog::Impl::Lock::Instance, uid));
        TRY_VOID(tx_.run("UPDATE instances SET sop_instance_uid = ?2 WHERE id = ?1",
                         scope.instance, uid));
        instances_.push_back(std::move(uid));
        return {};
    }
    TRY(std::string study,
        uid_now(scope, now, tags::StudyInstanceUID, target.study_instance_uid));
    TRY(std::string series,
        uid_now(scope, now, tags::SeriesInstanceUID, target.series_instance_uid));
    const bool stays =
        study == target.study_instance_uid && series == target.series_instance_uid;
    if (stays) return {};
    TRY(InstanceRecord record, shown_by(target, now));
    record.study.study_instance_uid = std::move(study);
    record.series.series_instance_uid = std::move(series);
    return move(target, std::move(record));
}

/// What a study or series that only this image set is in would be called.
Result<InstanceRecord> UidEditor::shown_by(const EditTarget& target,
                                           const edits::Changes& now) {
    std::optional<std::string> columns;
    TRY(const auto first, first_instance(tx_, number_of(target.image_set.row)));
    if (first) {
        TRY(columns, columns_before_edits(tx_, target, *first));
    }
    if (!columns) {
        TRY(const StoredStudy study, load_study(tx_, number_of(target.image_set.study)));
        columns = columns_json(study.patient, study.study, {});
    }
    return edited_columns(*columns, now);
}

Result<void> UidEditor::move(EditTarget& target, InstanceRecord record) {
    const std::int64_t row = number_of(target.image_set.row);
    TRY_VOID(impl_.lock(tx_, Catalog::Impl::Lock::Study, record.study.study_instance_uid));
    TRY(const auto entry, impl_.series_of(tx_, record, Placement::NonPrimary));
    TRY_VOID(check_room_in_series(tx_, SeriesRow{entry->series}));
    // What arrives in conflict with either series goes elsewhere.
    TRY_VOID(
        tx_.run("UPDATE image_sets SET study = ?2, series = ?3, takes_conflicts = 0"
                " WHERE id = ?1",
                row, entry->study, entry->series));
    TRY_VOID(
        tx_.run("UPDATE instances SET series = ?2 WHERE image_set = ?1", row, entry->series));
    impl_.forget_series(tx_, target.study_instance_uid, target.series_instance_uid);
    const std::int64_t series_before = number_of(target.image_set.series);
    const std::int64_t study_before = number_of(target.image_set.study);
    target.image_set.study = StudyRow{entry->study};
    target.image_set.series = SeriesRow{entry->series};
    target.study_instance_uid = record.study.study_instance_uid;
    target.series_instance_uid = record.series.series_instance_uid;
    TRY_VOID(remove_series_if_empty(tx_, impl_.numbers, series_before));
    // What is left there may all be deleted.
    return retire_empty_parents(tx_, study_before);
}

Result<void> UidEditor::check(const EditTarget& target) {
    for (const std::string& uid : instances_) {
        TRY(db::Query query,
            tx_.prepare("SELECT count(DISTINCT i.object),"
                        " coalesce(sum(CASE WHEN i.image_set = ?2 THEN 1 ELSE 0 END), 0)"
                        " FROM instances i JOIN image_sets m ON m.id = i.image_set"
                        " WHERE i.sop_instance_uid = ?1 AND m.state <> 2"));
        query.bind(uid, number_of(target.image_set.row));
        TRY_VOID(query.next());
        if (query.int64(1) > 1) {
            return fail(ErrorCode::Conflict, "two instances of the image set would be " + uid);
        }
        if (query.int64(0) > static_cast<std::int64_t>(impl_.options.conflicts_max)) {
            return fail(ErrorCode::LimitExceeded,
                        "there are " + std::to_string(query.int64(0) - 1) +
                            " instances with this SOP Instance UID already, the limit is " +
                            std::to_string(impl_.options.conflicts_max));
        }
    }
    return {};
}

}  // namespace larmor::catalog
