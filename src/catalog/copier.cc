#include "catalog/copier.h"

#include <algorithm>

#include "catalog/edit_moves.h"
#include "catalog/stated_columns.h"
#include "catalog/uid_editor.h"

namespace larmor::catalog {
namespace {

std::string count_of(std::size_t instances) {
    return std::to_string(instances) + " instances";
}

}  // namespace

Result<CopyOutcome> Copier::run() {
    TRY_VOID(find_source());
    if (request_.promote == CopyRequest::Promote::Yes) return promote();
    if (request_.destination) return copy_into(*request_.destination);
    return copy_into_new();
}

Result<void> Copier::find_source() {
    TRY(source_, editor_.find_locked(request_.source));
    TRY_VOID(editor_.check_version(source_, request_.source_version));
    if (source_.number_of_instances > kCopiedInstancesMax && request_.instances.empty()) {
        return fail(ErrorCode::LimitExceeded,
                    "one copy takes at most " + std::to_string(kCopiedInstancesMax) +
                        " instances, the image set has " +
                        std::to_string(source_.number_of_instances) + ": copy parts of it");
    }
    TRY(rows_, rows_to_copy(tx_, number_of(source_.image_set.row), request_.instances));
    if (rows_.empty()) {
        return fail(ErrorCode::Conflict, "the image set has no instances to copy");
    }
    return {};
}

Result<CopyOutcome> Copier::copy_into_new() {
    TRY_VOID(check_room_in_series(tx_, source_.image_set.series));
    TRY(const EditTarget made, make_image_set(false));
    const std::int64_t version = note_change(made);
    TRY(const CopiedRows copied, copy_to(made, version));
    const std::int64_t row = number_of(made.image_set.row);
    TRY_VOID(keep_columns(row));
    TRY_VOID(copy_edits(tx_, number_of(source_.image_set.row), row, copied.pairs, {}));
    return outcome(made, version);
}

Result<CopyOutcome> Copier::copy_into(const CopyRequest::Destination& destination) {
    TRY(const EditTarget target, editor_.find_locked(destination.id));
    TRY_VOID(editor_.check_version(target, destination.latest_version));
    if (target.image_set.row == source_.image_set.row) {
        return fail(ErrorCode::InvalidInput, "an image set is not copied into itself");
    }
    if (target.image_set.series != source_.image_set.series) {
        return fail(ErrorCode::InvalidInput,
                    "the image sets are of different series: an image set has one");
    }
    const std::int64_t version = note_change(target);
    TRY(const auto changes, differences(target, false, version));
    impl_.forget_series(tx_, target.study_instance_uid, target.series_instance_uid);
    TRY(const CopiedRows copied, copy_to(target, version));
    TRY_VOID(copy_edits_into(tx_, number_of(source_.image_set.row),
                             number_of(target.image_set.row), version, copied.pairs, changes));
    return outcome(target, version);
}

Result<CopyOutcome> Copier::promote() {
    if (request_.destination) {
        return fail(ErrorCode::InvalidInput,
                    "what is promoted becomes an image set of its own, without destination");
    }
    if (source_.image_set.is_primary) {
        return fail(ErrorCode::InvalidInput, "the image set is primary already");
    }
    TRY(const auto demoted, demote());
    TRY(auto others, editor_.primary_sets(number_of(source_.image_set.study)));
    std::erase_if(others, [&](const EditTarget& one) {
        return one.image_set.series == source_.image_set.series;
    });
    edits::Changes changes;
    if (!others.empty()) {
        TRY(changes, differences(others.front(), true, 1));
    }
    TRY(const EditTarget made, make_image_set(true));
    const std::int64_t version = note_change(made);
    const std::int64_t row = number_of(made.image_set.row);
    // The one that was deleted before gives way, too.
    TRY_VOID(
        tx_.run("UPDATE image_sets SET is_primary = 0 WHERE series = ?1 AND is_primary = 1"
                " AND id <> ?2",
                number_of(source_.image_set.series), row));
    TRY_VOID(tx_.run("UPDATE series SET image_set = ?2 WHERE id = ?1",
                     number_of(source_.image_set.series), row));
    impl_.forget_series(tx_, made.study_instance_uid, made.series_instance_uid);
    TRY(const CopiedRows copied, copy_to(made, version));
    TRY_VOID(keep_columns(row));
    TRY_VOID(copy_edits(tx_, number_of(source_.image_set.row), row, copied.pairs, changes));
    TRY_VOID(editor_.write_series(made));
    if (others.empty()) TRY_VOID(editor_.write_study(made));
    CopyOutcome promoted = outcome(made, version);
    promoted.demoted = demoted;
    return promoted;
}

Result<std::optional<PlacedImageSet>> Copier::demote() {
    TRY(const auto primary, editor_.primary_sets(number_of(source_.image_set.study)));
    const auto found =
        std::ranges::find(primary, source_.image_set.series,
                          [](const EditTarget& target) { return target.image_set.series; });
    if (found == primary.end()) return std::nullopt;
    if (request_.force != edits::Force::Yes) {
        return fail(ErrorCode::Conflict, "the series has the primary image set " +
                                             found->image_set.id +
                                             ": only by force does it make way");
    }
    TRY_VOID(editor_.keep_columns(*found));
    TRY_VOID(tx_.run("UPDATE image_sets SET is_primary = 0, takes_conflicts = 0 WHERE id = ?1",
                     number_of(found->image_set.row)));
    PlacedImageSet demoted = *found;
    demoted.image_set.latest_version =
        impl_.changes.change(tx_, as_changed(*found),
                             {.rows = 0,
                              .shown = -found->number_of_instances,
                              .active = std::nullopt,
                              .primary = false,
                              .cause = "demote",
                              .forced = true});
    demoted.image_set.is_primary = false;
    demoted.image_set.workflow_status = "UPDATED";
    return demoted;
}

Result<edits::Changes> Copier::differences(const EditTarget& shown, bool study_only,
                                           std::int64_t version) {
    StatedColumns there;
    if (shown.image_set.is_primary) {
        TRY(there, shown_columns(tx_, shown));
    } else {
        TRY(const auto rows, rows_to_copy(tx_, number_of(shown.image_set.row), {}));
        TRY(const auto stated, stated_columns(tx_, shown, {rows.front()}));
        there = *stated.begin();
    }
    TRY(const auto stated, stated_columns(tx_, source_, rows_));
    const auto tags =
        differing_tags(stated, there, study_only ? Compared::Study : Compared::All);
    if (tags.empty()) return edits::Changes();
    if (request_.force != edits::Force::Yes) {
        return fail(ErrorCode::Conflict,
                    "what is copied differs from image set " + shown.image_set.id + " in " +
                        keywords_of(tags) +
                        ": edit it first, or copy by force, then it becomes what is there");
    }
    return changes_to(there, tags, version, Time(std::chrono::microseconds(impl_.now_us())));
}

Result<EditTarget> Copier::make_image_set(bool is_primary) {
    TRY(const ImageSetTarget made,
        impl_.insert_image_set(tx_, number_of(source_.image_set.study),
                               number_of(source_.image_set.series), is_primary));
    TRY_VOID(tx_.run("UPDATE image_sets SET takes_conflicts = 0 WHERE id = ?1", made.row));
    EditTarget target = source_;
    target.number_of_instances = 0;
    target.image_set = {.row = ImageSetRow{made.row},
                        .id = made.id,
                        .study = source_.image_set.study,
                        .series = source_.image_set.series,
                        .is_primary = is_primary,
                        .state = ImageSetState::Active,
                        .workflow_status = "COPIED",
                        .latest_version = 0,
                        .created = Time(std::chrono::microseconds(impl_.now_us())),
                        .updated = {},
                        .edited_version = 0};
    return target;
}

std::int64_t Copier::note_change(const EditTarget& destination) {
    const auto count = static_cast<std::int64_t>(rows_.size());
    return impl_.changes.change(tx_, as_changed(destination),
                                {.rows = count,
                                 .shown = destination.image_set.is_primary ? count : 0,
                                 .active = std::nullopt,
                                 .primary = std::nullopt,
                                 .cause = "copy",
                                 .forced = request_.force == edits::Force::Yes,
                                 .source = source_.image_set.id});
}

Result<CopiedRows> Copier::copy_to(const EditTarget& destination, std::int64_t version) {
    const RowCopy copy{.from = number_of(source_.image_set.row),
                       .into = number_of(destination.image_set.row),
                       .version = version};
    TRY(auto copied, copy_rows(tx_, impl_.numbers, copy, rows_,
                               request_.instances.empty() ? Part::All : Part::Some));
    if (copied.pairs.size() != rows_.size()) {
        return fail(ErrorCode::Corrupt, count_of(copied.pairs.size()) + " were copied, not " +
                                            count_of(rows_.size()));
    }
    TRY_VOID(check_new_rows(destination, copied.rows));
    for (const std::int64_t row : copied.pending) {
        impl_.changes.note_row(tx_, InstanceRow{row});
    }
    return copied;
}

Result<void> Copier::check_new_rows(const EditTarget& destination, const NewRows& rows) {
    TRY(db::Query query,
        tx_.prepare("SELECT n.sop_instance_uid, m.image_set_id FROM instances n"
                    " JOIN instances o ON o.sop_instance_uid = n.sop_instance_uid"
                    " AND o.id <> n.id JOIN image_sets m ON m.id = o.image_set"
                    " WHERE n.image_set = ?1 AND n.id > ?2 AND (m.id = ?1"
                    "  OR (?3 = 1 AND m.is_primary = 1 AND m.state = 0)) LIMIT 1"));
    query.bind(rows.image_set, rows.after, destination.image_set.is_primary ? 1 : 0);
    TRY(const bool found, query.next());
    if (!found) return {};
    return fail(ErrorCode::Conflict, "instance " + query.string(0) + " is in image set " +
                                         query.string(1) + " already");
}

Result<void> Copier::keep_columns(std::int64_t image_set) {
    TRY(const auto columns, columns_before_edits(tx_, source_, rows_.front()));
    return columns ? store_columns(tx_, {image_set, 0}, *columns) : Result<void>();
}

CopyOutcome Copier::outcome(EditTarget destination, std::int64_t version) const {
    const auto count = static_cast<std::int64_t>(rows_.size());
    destination.number_of_instances += count;
    ImageSet& set = destination.image_set;
    set.latest_version = version;
    set.workflow_status = "COPIED";
    set.updated = Time(std::chrono::microseconds(impl_.now_us()));
    return {.source = source_,
            .destination = std::move(destination),
            .demoted = std::nullopt,
            .copied = count};
}

Result<CopyOutcome> Catalog::copy_image_set(db::Transaction& tx, const CopyRequest& request) {
    return Copier(*impl_, tx, request).run();
}

}  // namespace larmor::catalog
