#pragma once
#include <string>

#include "catalog/edit_rows.h"
#include "catalog/editor.h"

namespace larmor::catalog {

/// An image set never has more siblings: each is looked at where the series is.
Result<void> check_room_in_series(db::Transaction& tx, SeriesRow series);

/// Study, Series and SOP Instance UIDs that are edited, in the writer's transaction. Rows are
/// where the latest version says: a non-primary image set goes into the study and series that
/// its UIDs name, which are made where they are not there yet, and its instances are found by
/// theirs.
class UidEditor {
public:
    UidEditor(Catalog::Impl& impl, db::Transaction& tx) : impl_(impl), tx_(tx) {}

    /// Before the first such edit: what the UIDs are, to be found by going back. Errors:
    /// InvalidInput for a primary image set.
    Result<void> begin(const EditTarget& target, EditScope scope);
    /// Afterwards: `now` are the changes that hold. Leaves in `target` where it is now. Errors:
    /// LimitExceeded for more image sets than a series may have.
    Result<void> follow(EditTarget& target, EditScope scope, const edits::Changes& now);
    /// When all are made. Errors: Conflict where two instances of the image set have one UID;
    /// LimitExceeded for more instances of one UID than there may be.
    Result<void> check(const EditTarget& target);

private:
    Result<std::string> uid_now(EditScope scope, const edits::Changes& now, dicom::Tag tag,
                                const std::string& otherwise);
    Result<InstanceRecord> shown_by(const EditTarget& target, const edits::Changes& now);
    Result<void> move(EditTarget& target, InstanceRecord record);

    Catalog::Impl& impl_;
    db::Transaction& tx_;
    std::vector<std::string> instances_;  ///< UIDs that instances got
};

}  // namespace larmor::catalog
