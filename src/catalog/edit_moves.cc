#include "catalog/edit_moves.h"

#include <limits>

#include "catalog/edit_columns.h"
#include "catalog/edit_rows.h"

namespace larmor::catalog {
namespace {

constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max();

Result<bool> is_edited(db::Transaction& tx, std::int64_t image_set) {
    TRY(db::Query query, tx.prepare("SELECT edited_version FROM image_sets WHERE id = ?1"));
    query.bind(image_set);
    TRY(const bool found, query.next());
    return found && query.int64(0) > 0;
}

Result<void> note_edited(db::Transaction& tx, std::int64_t image_set, std::int64_t version) {
    return tx.run_later("UPDATE image_sets SET edited_version = ?2 WHERE id = ?1", image_set,
                        version);
}

edits::Changes of_version(edits::Changes changes, std::int64_t version) {
    for (edits::Change& change : changes) change.version = version;
    return changes;
}

Result<void> move_columns(db::Transaction& tx, EditScope from, EditScope to) {
    TRY(const auto columns, load_columns(tx, from));
    TRY(const auto there, load_columns(tx, to));
    return columns && !there ? store_columns(tx, to, *columns) : Result<void>();
}

Result<std::vector<std::int64_t>> instances_of(db::Transaction& tx, std::int64_t image_set) {
    TRY(db::Query query,
        tx.prepare("SELECT id FROM instances WHERE image_set = ?1 ORDER BY id"));
    query.bind(image_set);
    std::vector<std::int64_t> instances;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return instances;
        instances.push_back(query.int64(0));
    }
}

}  // namespace

Result<void> set_edits_apart(db::Transaction& tx, std::int64_t from, std::int64_t apart) {
    TRY(const bool edited, is_edited(tx, from));
    if (!edited) return {};
    TRY(auto of_all, load_changes(tx, {from, 0}, kLatest));
    TRY_VOID(store_changes(tx, {apart, 0}, 1, of_version(std::move(of_all), 1)));
    TRY_VOID(move_columns(tx, {from, 0}, {apart, 0}));
    TRY(const auto instances, instances_of(tx, apart));
    for (const std::int64_t instance : instances) {
        TRY(auto changes, load_changes(tx, {from, instance}, kLatest));
        if (changes.empty()) continue;
        TRY_VOID(store_changes(tx, {apart, instance}, 1, of_version(std::move(changes), 1)));
        TRY_VOID(move_columns(tx, {from, instance}, {apart, instance}));
        TRY_VOID(
            tx.run_later("DELETE FROM image_set_edits WHERE image_set = ?1 AND instance = ?2",
                         from, instance));
    }
    return note_edited(tx, apart, 1);
}

Result<void> take_edits_over(db::Transaction& tx, std::int64_t from, std::int64_t into,
                             std::int64_t version, const std::vector<std::int64_t>& instances) {
    TRY(const bool edited, is_edited(tx, from));
    if (!edited) return {};
    TRY(const auto of_all, load_changes(tx, {from, 0}, kLatest));
    TRY(const auto there, load_changes(tx, {into, 0}, kLatest));
    // Set apart from this image set, and nothing was edited since: it holds for them already.
    const bool is_same = of_version(of_all, 0) == of_version(there, 0);
    for (const std::int64_t instance : instances) {
        TRY(auto changes, load_changes(tx, {from, instance}, kLatest));
        if (!is_same) changes = edits::merged(of_all, changes);
        if (changes.empty()) continue;
        TRY_VOID(store_changes(tx, {into, instance}, version,
                               of_version(std::move(changes), version)));
        TRY_VOID(move_columns(tx, {from, instance}, {into, instance}));
        TRY_VOID(
            tx.run_later("DELETE FROM image_set_edits WHERE image_set = ?1 AND instance = ?2",
                         from, instance));
    }
    return note_edited(tx, into, version);
}

Result<void> inherit_study_edits(db::Transaction& tx, std::int64_t study,
                                 std::int64_t image_set) {
    std::int64_t sibling = 0;
    {
        TRY(db::Query query,
            tx.prepare("SELECT m.id FROM series s JOIN image_sets m ON m.id = s.image_set"
                       " WHERE s.study = ?1 AND m.state = 0 AND m.edited_version > 0"
                       " AND m.id <> ?2 ORDER BY m.id LIMIT 1"));
        query.bind(study, image_set);
        TRY(const bool found, query.next());
        if (!found) return {};
        sibling = query.int64(0);
    }
    TRY(auto changes, load_changes(tx, {sibling, 0}, kLatest));
    std::erase_if(changes, [](const auto& change) { return !touch_study({change}); });
    if (changes.empty()) return {};
    TRY_VOID(store_changes(tx, {image_set, 0}, 1, of_version(std::move(changes), 1)));
    return note_edited(tx, image_set, 1);
}

}  // namespace larmor::catalog
