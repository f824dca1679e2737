#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "catalog/edit.h"
#include "db/transaction.h"

namespace larmor::catalog {

/// Whose changes a document has: those of all instances of an image set (instance 0), or of
/// one.
struct EditScope {
    std::int64_t image_set = 0;
    std::int64_t instance = 0;
};

/// The changes that hold in `version`; empty where nothing was edited up to then.
Result<edits::Changes> load_changes(db::Snapshot& snapshot, EditScope scope,
                                    std::int64_t version);
/// Errors: LimitExceeded over edits::kDocumentBytesMax.
Result<void> store_changes(db::Transaction& tx, EditScope scope, std::int64_t version,
                           const edits::Changes& changes);

/// The columns as they were before the first edit, as DICOM JSON; nothing before that.
Result<std::optional<std::string>> load_columns(db::Snapshot& snapshot, EditScope scope);
Result<void> store_columns(db::Transaction& tx, EditScope scope, std::string_view json);
/// The same where some may be kept.
Result<void> replace_columns(db::Transaction& tx, EditScope scope, std::string_view json);

/// Instances (0: all) whose documents changed after `version`.
Result<std::vector<std::int64_t>> edited_since(db::Snapshot& snapshot, std::int64_t image_set,
                                               std::int64_t version);

}  // namespace larmor::catalog
