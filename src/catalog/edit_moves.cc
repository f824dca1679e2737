#include "catalog/edit_moves.h"

#include <limits>

#include "catalog/edit_columns.h"
#include "catalog/edit_rows.h"

namespace larmor::catalog {
namespace {

constexpr std::int64_t kLatest = std::numeric_limits<std::int64_t>::max();

/// The last version that edited something; 0 where none did.
Result<std::int64_t> edited_version(db::Transaction& tx, std::int64_t image_set) {
    TRY(db::Query query, tx.prepare("SELECT edited_version FROM image_sets WHERE id = ?1"));
    query.bind(image_set);
    TRY(const bool found, query.next());
    return found ? query.int64(0) : 0;
}

Result<void> note_edited(db::Transaction& tx, std::int64_t image_set, std::int64_t version) {
    return tx.run_later("UPDATE image_sets SET edited_version = ?2 WHERE id = ?1", image_set,
                        version);
}

edits::Changes of_version(edits::Changes changes, std::int64_t version) {
    for (edits::Change& change : changes) change.version = version;
    return changes;
}

/// Versions are an order too, in which those of all instances and those of one are made: it
/// must stay. Those from before an image set was made have none of its versions: 0 and less.
edits::Changes shifted(edits::Changes changes, std::int64_t by) {
    for (edits::Change& change : changes) change.version += by;
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

CopyPairs to_themselves(const std::vector<std::int64_t>& instances) {
    CopyPairs pairs;
    pairs.reserve(instances.size());
    for (const std::int64_t instance : instances) pairs.emplace_back(instance, instance);
    return pairs;
}

Result<void> remove_edits(db::Transaction& tx, std::int64_t image_set,
                          const std::vector<std::int64_t>& instances) {
    for (const std::int64_t instance : instances) {
        TRY_VOID(
            tx.run_later("DELETE FROM image_set_edits WHERE image_set = ?1 AND instance = ?2",
                         image_set, instance));
    }
    return {};
}

}  // namespace

Result<void> set_edits_apart(db::Transaction& tx, std::int64_t from, std::int64_t apart) {
    TRY(const std::int64_t edited, edited_version(tx, from));
    if (edited == 0) return {};
    TRY(const auto instances, instances_of(tx, apart));
    TRY_VOID(copy_edits(tx, from, apart, to_themselves(instances), {}));
    return remove_edits(tx, from, instances);
}

Result<void> copy_edits(db::Transaction& tx, std::int64_t from, std::int64_t copy,
                        const CopyPairs& pairs, const edits::Changes& more) {
    TRY(const std::int64_t edited, edited_version(tx, from));
    if (edited == 0 && more.empty()) return {};
    TRY(auto of_all, load_changes(tx, {from, 0}, kLatest));
    of_all = shifted(std::move(of_all), 1 - edited);
    for (const edits::Change& change : more) edits::add_change(of_all, change);
    TRY_VOID(store_changes(tx, {copy, 0}, 1, of_all));
    TRY_VOID(move_columns(tx, {from, 0}, {copy, 0}));
    for (const auto& [instance, made] : pairs) {
        TRY(auto changes, load_changes(tx, {from, instance}, kLatest));
        if (changes.empty()) continue;
        changes = shifted(std::move(changes), 1 - edited);
        for (const edits::Change& change : more) edits::add_change(changes, change);
        TRY_VOID(store_changes(tx, {copy, made}, 1, changes));
        TRY_VOID(move_columns(tx, {from, instance}, {copy, made}));
    }
    return note_edited(tx, copy, 1);
}

Result<void> take_edits_over(db::Transaction& tx, std::int64_t from, std::int64_t into,
                             std::int64_t version, const std::vector<std::int64_t>& instances) {
    TRY(const std::int64_t edited, edited_version(tx, from));
    if (edited == 0) return {};
    TRY_VOID(copy_edits_into(tx, from, into, version, to_themselves(instances), {}));
    return remove_edits(tx, from, instances);
}

Result<void> copy_edits_into(db::Transaction& tx, std::int64_t from, std::int64_t into,
                             std::int64_t version, const CopyPairs& pairs,
                             const edits::Changes& more) {
    TRY(const std::int64_t edited, edited_version(tx, from));
    if (edited == 0 && more.empty()) return {};
    TRY(const auto of_all, load_changes(tx, {from, 0}, kLatest));
    TRY(const auto there, load_changes(tx, {into, 0}, kLatest));
    // One was made of the other, and nothing was edited since: it holds for them already.
    const std::int64_t apart =
        of_all.empty() || there.empty() ? 0 : there[0].version - of_all[0].version;
    const bool is_same = shifted(of_all, apart) == there;
    for (const auto& [instance, made] : pairs) {
        TRY(auto changes, load_changes(tx, {from, instance}, kLatest));
        changes = is_same && !of_all.empty()
                      ? shifted(std::move(changes), apart)
                      : of_version(edits::merged(of_all, changes), version);
        for (const edits::Change& change : more) edits::add_change(changes, change);
        if (changes.empty()) continue;
        TRY_VOID(store_changes(tx, {into, made}, version, changes));
        TRY_VOID(move_columns(tx, {from, instance}, {into, made}));
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
