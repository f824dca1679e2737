#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/copy.h"
#include "catalog/copy_rows.h"
#include "catalog/editor.h"

namespace larmor::catalog {

/// One copy, in the writer's transaction.
class Copier {
public:
    Copier(Catalog::Impl& impl, db::Transaction& tx, const CopyRequest& request)
        : impl_(impl), tx_(tx), request_(request), editor_(impl, tx) {}

    /// Errors: those of Catalog::copy_image_set.
    Result<CopyOutcome> run();

private:
    Result<void> find_source();
    Result<CopyOutcome> copy_into_new();
    Result<CopyOutcome> copy_into(const CopyRequest::Destination& destination);
    Result<CopyOutcome> promote();

    /// The primary image set that is there makes way; nothing where there is none.
    Result<std::optional<PlacedImageSet>> demote();
    /// How the copy says something else than `shown`, as changes that make it the same. Errors:
    /// Conflict without force.
    Result<edits::Changes> differences(const EditTarget& shown, bool study_only,
                                       std::int64_t version);
    Result<EditTarget> make_image_set(bool is_primary);
    /// The rows, and that the destination has changed.
    Result<CopiedRows> copy_to(const EditTarget& destination, std::int64_t version);
    /// Errors: Conflict where a copy would be an instance's second one in the destination, or
    /// its second primary one.
    Result<void> check_new_rows(const EditTarget& destination, const NewRows& rows);
    std::int64_t note_change(const EditTarget& destination);
    Result<void> keep_columns(std::int64_t image_set);
    CopyOutcome outcome(EditTarget destination, std::int64_t version) const;

    Catalog::Impl& impl_;
    db::Transaction& tx_;
    const CopyRequest& request_;
    Editor editor_;
    EditTarget source_;
    std::vector<std::int64_t> rows_;  ///< of the instances that are copied
};

}  // namespace larmor::catalog
