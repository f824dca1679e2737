#pragma once
#include <string>
#include <string_view>

#include "catalog/deletion.h"
#include "catalog/group_changes.h"
#include "catalog/row_numbers.h"
#include "db/transaction.h"

namespace larmor::catalog {

/// What a deletion remembers of one of its image sets.
struct DeletedImageSet {
    std::string series_instance_uid;
    bool was_primary = true;
    bool is_whole = true;  ///< false: made for instances that were taken out of another
};

/// An ACTIVE image set and how much of it is to be deleted.
struct Affected {
    ImageSetTarget target;
    std::string series_instance_uid;
    std::int64_t rows = 0;
    std::int64_t matched = 0;
};

/// The study that it is of.
struct StudyToDelete {
    std::int64_t row = 0;
    std::string patient_id;
};

Result<DeletionRow> insert_deletion(db::Transaction& tx, const Deletion& deletion);

/// `remove`, for an object whose row may be gone already: a damaged library must be able to
/// forget, too.
Result<void> remove_if_there(const RemoveObject& remove, objects::ObjectId object);

/// Removes an image set that has no instances any more, with what was prepared of it, and its
/// series, study and patient where nothing else is in them.
Result<void> remove_image_set(db::Transaction& tx, RowNumbers& numbers, std::int64_t image_set,
                              const RemoveObject& remove);
Result<void> remove_series_if_empty(db::Transaction& tx, RowNumbers& numbers,
                                    std::int64_t series);

/// Frees the UIDs of a study and its series that have nothing ACTIVE any more: stored again, it
/// is stored anew.
Result<void> retire_empty_parents(db::Transaction& tx, std::int64_t study);

}  // namespace larmor::catalog
