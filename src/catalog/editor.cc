#include "catalog/editor.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <map>

#include "catalog/edit_columns.h"
#include "catalog/read_rows.h"
#include "catalog/uid_editor.h"
#include "dicom/tags.h"
#include "edits/uids.h"

namespace larmor::catalog {
namespace {

/// Of studies in which an image set was when its lock was asked for.
constexpr int kLocksMax = 10;

constexpr std::string_view kSelectTarget =
    "SELECT m.id, m.image_set_id, m.study, m.series, m.is_primary, m.state, m.workflow_status,"
    " m.latest_version, m.created, m.updated, m.edited_version, t.patient_id,"
    " t.study_instance_uid, s.series_instance_uid, m.number_of_instances FROM image_sets m"
    " JOIN studies t ON t.id = m.study JOIN series s ON s.id = m.series";

EditTarget read_target(const db::Query& query) {
    return {.image_set = read_image_set(query),
            .patient_id = query.string(11),
            .study_instance_uid = query.string(12),
            .series_instance_uid = query.string(13),
            .number_of_instances = query.int64(14)};
}

Result<std::optional<EditTarget>> find_target(db::Snapshot& tx, std::string_view id) {
    static const std::string kSql = std::string(kSelectTarget) + " WHERE m.image_set_id = ?1";
    TRY(db::Query query, tx.prepare(kSql));
    query.bind(id);
    TRY(const bool found, query.next());
    const bool is_there = found && query.int64(7) > 0 &&
                          static_cast<ImageSetState>(query.int64(5)) != ImageSetState::Deleted;
    return is_there ? std::optional(read_target(query)) : std::nullopt;
}

tl::unexpected<Error> no_image_set(std::string_view id) {
    return fail(ErrorCode::NotFound, "there is no image set " + std::string(id));
}

}  // namespace

ImageSetTarget as_changed(const EditTarget& target) {
    const ImageSet& set = target.image_set;
    return {.row = number_of(set.row),
            .id = set.id,
            .study = number_of(set.study),
            .series = number_of(set.series),
            .is_primary = set.is_primary,
            .latest_version = set.latest_version,
            .entry = nullptr};
}

Result<PlacedImageSet> Catalog::place_image_set(db::Snapshot& snapshot,
                                                std::string_view id) const {
    TRY(auto target, find_target(snapshot, id));
    if (!target) return no_image_set(id);
    return *std::move(target);
}

Result<EditTarget> Editor::find_locked(std::string_view id) {
    TRY(auto target, find_target(tx_, id));
    // Who had the lock before may have moved it into another study.
    std::string locked;
    for (int tries = 0; tx_.dialect() == db::Dialect::Postgres && target &&
                        target->study_instance_uid != locked;
         ++tries) {
        if (tries == kLocksMax) {
            return fail(ErrorCode::Conflict, "the image set is moved again and again");
        }
        locked = target->study_instance_uid;
        TRY_VOID(impl_.lock(tx_, Catalog::Impl::Lock::Study, locked));
        TRY(target, find_target(tx_, id));  // as it is now
    }
    if (!target) return no_image_set(id);
    if (target->image_set.state == ImageSetState::Locked) {
        return fail(ErrorCode::Conflict, "the image set is LOCKED by another operation");
    }
    return *std::move(target);
}

Result<std::vector<EditTarget>> Editor::primary_sets(std::int64_t study) {
    static const std::string kSql =
        std::string(kSelectTarget) +
        // With those that the same commit group made, which have no version yet.
        " WHERE s.study = ?1 AND s.image_set = m.id AND m.state = 0 ORDER BY m.id LIMIT ?2";
    TRY(db::Query query, tx_.prepare(kSql));
    query.bind(study, kEditedImageSetsMax + 1);
    std::vector<EditTarget> targets;
    for (;;) {
        TRY(const bool more, query.next());
        if (!more) break;
        targets.push_back(read_target(query));
    }
    if (targets.size() > kEditedImageSetsMax) {
        return fail(
            ErrorCode::LimitExceeded,
            "one edit changes at most " + std::to_string(kEditedImageSetsMax) + " image sets");
    }
    return targets;
}

Result<std::vector<std::string>> Editor::studies_of(std::string_view patient_id,
                                                    const std::optional<std::string>& issuer) {
    TRY(db::Query query,
        tx_.prepare("SELECT study_instance_uid, issuer_of_patient_id FROM studies"
                    " WHERE patient_id = ?1 AND patient_id <> '' AND number_of_instances > 0"
                    " ORDER BY study_instance_uid LIMIT ?2"));
    query.bind(patient_id, kEditedImageSetsMax + 1);
    std::vector<std::string> studies;
    std::optional<std::string> known = issuer;
    for (;;) {
        TRY(const bool more, query.next());
        if (!more) return studies;
        if (issuer && query.text(1) != *issuer) continue;
        if (known && query.text(1) != *known) {
            return fail(ErrorCode::Conflict,
                        "several issuers have this Patient ID: name one of them");
        }
        known = query.string(1);
        studies.push_back(query.string(0));
    }
}

Result<void> Editor::check_version(const EditTarget& target,
                                   std::optional<std::int64_t> known) const {
    if (!known) return {};
    const ImageSet& set = target.image_set;
    // What the same commit group did before makes the next version, too.
    const std::int64_t latest =
        set.latest_version + (impl_.changes.is_changed(number_of(set.row)) ? 1 : 0);
    if (*known == latest) return {};
    return fail(ErrorCode::Conflict, "the latest version of the image set is " +
                                         std::to_string(latest) + ", not " +
                                         std::to_string(*known));
}

Result<void> Editor::check_series(const EditTarget& target,
                                  const edits::UpdateDocument& document) {
    if (document.series_instance_uid.empty() ||
        document.series_instance_uid == target.series_instance_uid) {
        return {};
    }
    return fail(ErrorCode::InvalidInput, "the series of the image set is " +
                                             target.series_instance_uid + ", not " +
                                             document.series_instance_uid);
}

Result<edits::Changes> Editor::changes_now(EditScope scope) const {
    return load_changes(tx_, scope, std::numeric_limits<std::int64_t>::max());
}

Result<void> Editor::keep_columns(EditScope scope, std::string_view json) {
    TRY(const auto kept, load_columns(tx_, scope));
    return kept ? Result<void>() : store_columns(tx_, scope, json);
}

Result<void> Editor::keep_columns(const EditTarget& target) {
    const EditScope scope{number_of(target.image_set.row), 0};
    TRY(const auto kept, load_columns(tx_, scope));
    if (kept) return {};
    TRY(const StoredStudy study, load_study(tx_, number_of(target.image_set.study)));
    TRY(const StoredSeries series, load_series(tx_, number_of(target.image_set.series)));
    return store_columns(tx_, scope, columns_json(study.patient, study.study, series.series));
}

Result<Editor::Edited> Editor::edit(const EditTarget& target, const EditRequest& request) {
    const ImageSet& set = target.image_set;
    const std::int64_t version =
        impl_.changes.change(tx_, as_changed(target),
                             {.rows = 0,
                              .shown = 0,
                              .active = std::nullopt,
                              .cause = request.revert_to ? "revert" : "edit",
                              .forced = request.force == edits::Force::Yes});
    impl_.forget_series(tx_, target.study_instance_uid, target.series_instance_uid);
    auto changed = request.revert_to ? read_revert(target, *request.revert_to, version)
                                     : read_update(target, request, version);
    if (!changed) return tl::unexpected(std::move(changed).error());
    Edited edited{.image_set = target};
    for (const Scoped& one : *changed) {
        if (one.scope.instance != 0) continue;
        edited.of_study = edited.of_study || touch_study(one.touched);
        // As they were until now: nothing else has changed them.
        const bool may_change = edited.of_study || touch_series_columns(one.touched);
        if (set.is_primary && may_change) TRY_VOID(keep_columns(target));
    }
    TRY_VOID(write(edited.image_set, *changed, version));
    TRY_VOID(tx_.run_later("UPDATE image_sets SET edited_version = ?2 WHERE id = ?1",
                           number_of(set.row), version));
    edited.image_set.image_set.latest_version = version;
    edited.image_set.image_set.workflow_status = "UPDATED";
    edited.image_set.image_set.updated = Time(std::chrono::microseconds(impl_.now_us()));
    return edited;
}

Result<std::vector<PlacedImageSet>> Editor::edit_all(const std::vector<EditTarget>& targets,
                                                     const EditRequest& request) {
    std::vector<PlacedImageSet> edited;
    edited.reserve(targets.size());
    for (const EditTarget& target : targets) {
        TRY(auto one, edit(target, request));
        edited.push_back(std::move(one.image_set));
    }
    TRY_VOID(write_study(targets.front()));
    return edited;
}

Result<std::vector<Editor::Scoped>> Editor::read_update(const EditTarget& target,
                                                        const EditRequest& request,
                                                        std::int64_t version) {
    const Time now = Time(std::chrono::microseconds(impl_.now_us()));
    std::map<std::string, edits::Changes> by_instance;  // empty UID: all
    for (const edits::Update& update : request.document.updates) {
        edits::Change change = update.change;
        change.version = version;
        change.time = now;
        by_instance[update.sop_instance_uid].push_back(std::move(change));
    }
    // All are found before one of them is called otherwise.
    std::vector<Scoped> changed;
    for (auto& [uid, made] : by_instance) {
        TRY(const EditScope scope, scope_of(target, uid, made));
        TRY(edits::Changes changes, changes_now(scope));
        for (const edits::Change& change : made) edits::add_change(changes, change);
        changed.push_back({scope, std::move(made), std::move(changes)});
    }
    return changed;
}

Result<EditScope> Editor::scope_of(const EditTarget& target, const std::string& instance,
                                   const edits::Changes& made) {
    EditScope scope{number_of(target.image_set.row), 0};
    if (instance.empty()) return scope;
    InstanceAttributes attributes;
    {
        TRY(db::Query query, tx_.prepare("SELECT id, instance_number FROM instances"
                                         " WHERE sop_instance_uid = ?1 AND image_set = ?2"));
        query.bind(instance, scope.image_set);
        TRY(const bool found, query.next());
        if (!found) {
            return fail(ErrorCode::NotFound,
                        "there is no instance " + instance + " in the image set");
        }
        scope.instance = query.int64(0);
        attributes.instance_number = query.optional_int64(1);
    }
    if (touch_instance_columns(made) || edits::touch_uids(made)) {
        TRY_VOID(keep_columns(scope, columns_json(attributes)));
    }
    return scope;
}

namespace {

/// What came with changes from an image set of another place is here for good: where it is
/// found is nothing that goes back with what was edited.
edits::Changes with_place(edits::Changes then, const edits::Changes& before, bool is_primary) {
    for (const edits::Change& change : before) {
        const bool stays = is_primary || change.path.tag != dicom::tags::SOPInstanceUID;
        const bool is_place =
            edits::touch_uids({change}) && stays && !edits::last_uid(then, change.path.tag);
        if (is_place) then.push_back(change);
    }
    return then;
}

std::array<std::optional<std::string>, 2> place_of(const edits::Changes& changes) {
    return {edits::last_uid(changes, dicom::tags::StudyInstanceUID),
            edits::last_uid(changes, dicom::tags::SeriesInstanceUID)};
}

/// Whether everything that came after version `to` came where the image set was then, with
/// `then`: nothing but that says where it is, and its files say where it was when it came.
Result<bool> is_place_of_all(db::Snapshot& snapshot, std::int64_t image_set, std::int64_t to,
                             const edits::Changes& then) {
    TRY(db::Query query, snapshot.prepare("SELECT DISTINCT first_version FROM instances"
                                          " WHERE image_set = ?1 AND first_version > ?2"));
    query.bind(image_set, to);
    std::vector<std::int64_t> versions;
    for (;;) {
        TRY(const bool more, query.next());
        if (!more) break;
        versions.push_back(query.int64(0));
    }
    for (const std::int64_t version : versions) {
        TRY(const auto came, load_changes(snapshot, {image_set, 0}, version));
        if (place_of(came) != place_of(then)) return false;
    }
    return true;
}

/// `then`, but where it is as `before`.
edits::Changes staying(edits::Changes then, const edits::Changes& before) {
    std::erase_if(then, [](const edits::Change& one) { return edits::touch_uids({one}); });
    std::ranges::copy_if(before, std::back_inserter(then),
                         [](const edits::Change& one) { return edits::touch_uids({one}); });
    return then;
}

}  // namespace

Result<std::vector<Editor::Scoped>> Editor::read_revert(const EditTarget& target,
                                                        std::int64_t to, std::int64_t version) {
    const std::int64_t image_set = number_of(target.image_set.row);
    if (to < 1 || to >= version) {
        return fail(ErrorCode::InvalidInput, "the image set has versions 1 to " +
                                                 std::to_string(version - 1) + ", not " +
                                                 std::to_string(to));
    }
    std::vector<Scoped> changed;
    TRY(const auto instances, edited_since(tx_, image_set, to));
    for (const std::int64_t instance : instances) {
        const EditScope scope{image_set, instance};
        TRY(const edits::Changes before, changes_now(scope));
        TRY(edits::Changes then, load_changes(tx_, scope, to));
        if (instance != 0) {
            then = with_place(std::move(then), before, target.image_set.is_primary);
        } else if (place_of(before) != place_of(then)) {
            TRY(const bool goes_back, is_place_of_all(tx_, image_set, to, then));
            if (!goes_back) then = staying(std::move(then), before);
        }
        edits::Changes touched = before;
        touched.insert(touched.end(), then.begin(), then.end());
        // What both have alike is not changed by going back.
        std::erase_if(touched, [&](const edits::Change& one) {
            return std::ranges::count(before, one) > 0 && std::ranges::count(then, one) > 0;
        });
        changed.push_back({scope, std::move(touched), std::move(then)});
    }
    return changed;
}

Result<void> Editor::write(EditTarget& target, const std::vector<Scoped>& changed,
                           std::int64_t version) {
    UidEditor uids(impl_, tx_);
    for (const Scoped& one : changed) {
        const bool are_uids_touched = edits::touch_uids(one.touched);
        if (are_uids_touched) TRY_VOID(uids.begin(target, one.scope));
        TRY_VOID(store_changes(tx_, one.scope, version, one.now));
        TRY_VOID(write_columns(target, one));
        if (are_uids_touched) TRY_VOID(uids.follow(target, one.scope, one.now));
    }
    return uids.check(target);
}

}  // namespace larmor::catalog
