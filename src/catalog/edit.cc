#include "catalog/edit.h"

#include <algorithm>

#include "catalog/catalog_impl.h"
#include "catalog/edit_columns.h"
#include "catalog/edit_rows.h"
#include "catalog/editor.h"

namespace larmor::catalog {
namespace {

/// Those of patient and study, for the other image sets of the study.
EditRequest for_siblings(const EditRequest& request) {
    EditRequest siblings{.force = request.force};
    for (const edits::Update& update : request.document.updates) {
        if (touch_study({update.change})) siblings.document.updates.push_back(update);
    }
    return siblings;
}

Result<void> check_request(const EditRequest& request) {
    if (request.revert_to) {
        if (request.document.updates.empty()) return {};
        return fail(ErrorCode::InvalidInput, "an edit changes attributes or reverts, not both");
    }
    if (request.document.updates.empty()) {
        return fail(ErrorCode::InvalidInput, "the edit changes nothing");
    }
    return edits::check_rules(request.document, request.force);
}

Result<void> check_is_of_study(const EditRequest& request) {
    TRY_VOID(check_request(request));
    const bool others = std::ranges::any_of(request.document.updates, [](const auto& update) {
        return !touch_study({update.change});
    });
    if (!others && !request.revert_to && !request.latest_version) return {};
    return fail(ErrorCode::InvalidInput,
                "an edit of many image sets changes attributes of patient and study only");
}

tl::unexpected<Error> no_study(std::string_view uid) {
    return fail(ErrorCode::NotFound, "there is no study " + std::string(uid));
}

}  // namespace

edits::Changes ImageSetEdits::of(InstanceRow instance) const {
    const auto found = of_one.find(instance);
    return found == of_one.end() ? of_all : edits::merged(of_all, found->second);
}

Result<std::vector<PlacedImageSet>> Catalog::edit_image_set(db::Transaction& tx,
                                                            std::string_view id,
                                                            const EditRequest& request) {
    TRY_VOID(check_request(request));
    Editor editor(*impl_, tx);
    TRY(const EditTarget target, editor.find_locked(id));
    TRY_VOID(editor.check_version(target, request.latest_version));
    TRY_VOID(editor.check_series(target, request.document));
    const bool whole_study =
        request.span == EditRequest::Span::Study && request.document.changes_study();
    std::vector<PlacedImageSet> edited;
    TRY(auto changed, editor.edit(target, request));
    std::vector<EditTarget> siblings;
    if (changed.of_study && target.image_set.is_primary) {
        TRY(siblings, editor.primary_sets(number_of(target.image_set.study)));
        std::erase_if(siblings, [&](const EditTarget& one) {
            return one.image_set.row == target.image_set.row;
        });
    }
    if (!siblings.empty()) {
        if (!whole_study) {
            return fail(ErrorCode::Conflict,
                        "the study has " + std::to_string(siblings.size()) +
                            " other primary image sets: what is of the patient or the study is "
                            "changed in all of them at once");
        }
        const EditRequest theirs = for_siblings(request);
        for (const EditTarget& sibling : siblings) {
            TRY(auto also, editor.edit(sibling, theirs));
            edited.push_back(std::move(also.image_set));
        }
    }
    if (target.image_set.is_primary && changed.of_study) {
        TRY_VOID(editor.write_study(target));
    }
    edited.insert(edited.begin(), std::move(changed.image_set));
    return edited;
}

Result<std::vector<PlacedImageSet>> Catalog::edit_study(db::Transaction& tx,
                                                        std::string_view study_uid,
                                                        const EditRequest& request) {
    TRY_VOID(check_is_of_study(request));
    TRY_VOID(impl_->lock(tx, Impl::Lock::Study, study_uid));
    TRY(const auto study, impl_->find_study(tx, study_uid));
    if (!study) return no_study(study_uid);
    Editor editor(*impl_, tx);
    TRY(const auto targets, editor.primary_sets(study->row));
    if (targets.empty()) return no_study(study_uid);
    return editor.edit_all(targets, request);
}

Result<std::vector<PlacedImageSet>> Catalog::edit_patient(
    db::Transaction& tx, std::string_view patient_id,
    const std::optional<std::string>& issuer_of_patient_id, const EditRequest& request) {
    TRY_VOID(check_is_of_study(request));
    Editor editor(*impl_, tx);
    TRY(const auto studies, editor.studies_of(patient_id, issuer_of_patient_id));
    std::vector<PlacedImageSet> edited;
    for (const std::string& uid : studies) {
        TRY_VOID(impl_->lock(tx, Impl::Lock::Study, uid));
        TRY(const auto study, impl_->find_study(tx, uid));
        if (!study || study->patient_id != patient_id) continue;  // meanwhile
        TRY(const auto targets, editor.primary_sets(study->row));
        if (targets.size() + edited.size() > kEditedImageSetsMax) {
            return fail(ErrorCode::LimitExceeded, "one edit changes at most " +
                                                      std::to_string(kEditedImageSetsMax) +
                                                      " image sets: edit study by study");
        }
        if (targets.empty()) continue;
        TRY(auto of_study, editor.edit_all(targets, request));
        std::ranges::move(of_study, std::back_inserter(edited));
    }
    if (edited.empty()) return fail(ErrorCode::NotFound, "there is no such patient");
    return edited;
}

Result<ImageSetEdits> Catalog::find_edits(db::Snapshot& snapshot, ImageSetRow image_set,
                                          std::int64_t version, InstanceRow first,
                                          InstanceRow last) const {
    const std::int64_t row = number_of(image_set);
    ImageSetEdits found;
    TRY(found.of_all, load_changes(snapshot, {row, 0}, version));
    TRY(db::Query query,
        snapshot.prepare("SELECT e.instance, e.document FROM image_set_edits e"
                         " WHERE e.image_set = ?1 AND e.instance BETWEEN ?2 AND ?3"
                         " AND e.instance > 0 AND e.version > 0 AND e.version ="
                         " (SELECT max(f.version) FROM image_set_edits f"
                         "  WHERE f.image_set = e.image_set AND f.instance = e.instance"
                         "  AND f.version <= ?4)"));
    query.bind(row, number_of(first), number_of(last), version);
    for (;;) {
        TRY(const bool more, query.next());
        if (!more) return found;
        TRY(found.of_one[InstanceRow{query.int64(0)}], edits::parse_document(query.text(1)));
    }
}

}  // namespace larmor::catalog
