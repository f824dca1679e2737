#pragma once
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog_impl.h"
#include "catalog/edit.h"
#include "catalog/edit_rows.h"

namespace larmor::catalog {

/// An ACTIVE image set that is to be edited.
using EditTarget = PlacedImageSet;

/// As GroupChanges wants it.
ImageSetTarget as_changed(const EditTarget& target);

/// One edit, in the writer's transaction: documents, columns, versions. An edit of all
/// instances writes as much for ten of them as for two thousand.
class Editor {
public:
    /// Columns of a series that are written together: what has an index or a trigger costs more
    /// than the row.
    struct SeriesColumns {
        bool plain = true;
        bool modality = true;
        bool start = true;  ///< of the performed procedure step
        bool requests = true;
    };

    Editor(Catalog::Impl& impl, db::Transaction& tx) : impl_(impl), tx_(tx) {}

    /// With the lock on its study. Errors: NotFound (also what was deleted), Conflict (LOCKED).
    Result<EditTarget> find_locked(std::string_view id);
    /// The primary image sets of a study, which is locked.
    Result<std::vector<EditTarget>> primary_sets(std::int64_t study);
    /// By UID. Errors: NotFound; Conflict where several issuers have the ID and none is named.
    Result<std::vector<std::string>> studies_of(std::string_view patient_id,
                                                const std::optional<std::string>& issuer);

    /// Errors: Conflict, with the latest version.
    Result<void> check_version(const EditTarget& target,
                               std::optional<std::int64_t> known) const;
    /// Errors: InvalidInput where the document is of another series.
    static Result<void> check_series(const EditTarget& target,
                                     const edits::UpdateDocument& document);

    struct Edited {
        PlacedImageSet image_set;
        bool of_study = false;  ///< patient or study were changed
    };
    /// One image set; the columns of its study are left to write_study.
    Result<Edited> edit(const EditTarget& target, const EditRequest& request);
    /// All image sets of one study.
    Result<std::vector<PlacedImageSet>> edit_all(const std::vector<EditTarget>& targets,
                                                 const EditRequest& request);
    /// The columns of the study, by what was edited in one of its image sets.
    Result<void> write_study(const EditTarget& of);
    /// The same of the series, by its primary image set, all of them.
    Result<void> write_series(const EditTarget& of);
    /// Keeps the columns as they are now, of a primary image set that is to be edited or will
    /// not be primary any more. Does nothing where they are kept.
    Result<void> keep_columns(const EditTarget& target);

private:
    Result<edits::Changes> changes_now(EditScope scope) const;
    Result<void> keep_columns(EditScope scope, std::string_view json);
    /// What is changed in one scope, and what holds then.
    struct Scoped {
        EditScope scope;
        edits::Changes touched;
        edits::Changes now;
    };
    Result<std::vector<Scoped>> read_update(const EditTarget& target,
                                            const EditRequest& request, std::int64_t version);
    Result<EditScope> scope_of(const EditTarget& target, const std::string& instance,
                               const edits::Changes& made);
    Result<std::vector<Scoped>> read_revert(const EditTarget& target, std::int64_t to,
                                            std::int64_t version);
    /// `target` becomes where the image set is afterwards.
    Result<void> write(EditTarget& target, const std::vector<Scoped>& changed,
                       std::int64_t version);
    Result<void> write_columns(const EditTarget& target, const Scoped& changed);
    /// Those that `touched` may have changed.
    Result<void> write_series(const EditTarget& target, const edits::Changes& now,
                              const SeriesColumns& touched);
    Result<void> write_instance(EditScope scope, const edits::Changes& now);
    Result<void> move_patient(const EditTarget& of, const InstanceRecord& now);

    Catalog::Impl& impl_;
    db::Transaction& tx_;
};

}  // namespace larmor::catalog
