#include "catalog/edit_rows.h"

namespace larmor::catalog {

Result<edits::Changes> load_changes(db::Snapshot& snapshot, EditScope scope,
                                    std::int64_t version) {
    TRY(db::Query query,
        snapshot.prepare("SELECT document FROM image_set_edits WHERE image_set = ?1"
                         " AND instance = ?2 AND version > 0 AND version <= ?3"
                         " ORDER BY version DESC LIMIT 1"));
    query.bind(scope.image_set, scope.instance, version);
    TRY(const bool found, query.next());
    if (!found) return edits::Changes();
    return edits::parse_document(query.text(0));
}

Result<void> store_changes(db::Transaction& tx, EditScope scope, std::int64_t version,
                           const edits::Changes& changes) {
    const std::string document = edits::to_document(changes);
    if (document.size() > edits::kDocumentBytesMax) {
        return fail(ErrorCode::LimitExceeded,
                    "all edits of an image set or instance together have at most " +
                        std::to_string(edits::kDocumentBytesMax) + " bytes, these have " +
                        std::to_string(document.size()));
    }
    // Two edits of one commit group make one version.
    TRY_VOID(
        tx.run("INSERT INTO image_set_edits (image_set, instance, version, document)"
               " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (image_set, instance, version)"
               " DO UPDATE SET document = excluded.document",
               scope.image_set, scope.instance, version, document));
    return {};
}

Result<std::optional<std::string>> load_columns(db::Snapshot& snapshot, EditScope scope) {
    TRY(db::Query query,
        snapshot.prepare("SELECT document FROM image_set_edits WHERE image_set = ?1"
                         " AND instance = ?2 AND version = 0"));
    query.bind(scope.image_set, scope.instance);
    TRY(const bool found, query.next());
    return found ? std::optional(query.string(0)) : std::nullopt;
}

Result<void> store_columns(db::Transaction& tx, EditScope scope, std::string_view json) {
    TRY_VOID(
        tx.run("INSERT INTO image_set_edits (image_set, instance, version, document)"
               " VALUES (?1, ?2, 0, ?3)",
               scope.image_set, scope.instance, json));
    return {};
}

Result<void> replace_columns(db::Transaction& tx, EditScope scope, std::string_view json) {
    TRY_VOID(
        tx.run("INSERT INTO image_set_edits (image_set, instance, version, document)"
               " VALUES (?1, ?2, 0, ?3) ON CONFLICT (image_set, instance, version)"
               " DO UPDATE SET document = excluded.document",
               scope.image_set, scope.instance, json));
    return {};
}

Result<std::vector<std::int64_t>> edited_since(db::Snapshot& snapshot, std::int64_t image_set,
                                               std::int64_t version) {
    TRY(db::Query query,
        snapshot.prepare("SELECT DISTINCT instance FROM image_set_edits WHERE image_set = ?1"
                         " AND version > ?2 ORDER BY instance"));
    query.bind(image_set, version);
    std::vector<std::int64_t> instances;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return instances;
        instances.push_back(query.int64(0));
    }
}

}  // namespace larmor::catalog
