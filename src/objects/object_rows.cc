#include "objects/object_rows.h"

#include <algorithm>
#include <limits>

#include "base/ids.h"

namespace larmor::objects {
namespace {

constexpr std::int64_t kIdsAtOnce = 1000;  // as the sequence has it

}  // namespace

Result<StoreId> open_store_id(db::Database& database) {
    return database.write_and_wait([](db::Transaction& tx) -> Result<StoreId> {
        StoreId id{};
        {
            TRY(db::Query query, tx.prepare("SELECT store_id FROM object_store WHERE id = 1"));
            TRY(const bool row, query.next());
            if (row) {
                if (query.blob(0).size() != id.size()) {
                    return fail(ErrorCode::Corrupt, "the store's id has a wrong length");
                }
                std::ranges::copy(query.blob(0), id.begin());
                return id;
            }
        }
        fill_random(id);
        TRY_VOID(
            tx.run("INSERT INTO object_store (id, store_id, last_removed_object)"
                   " VALUES (1, ?1, 0)",
                   Bytes(id)));
        return id;
    });
}

Result<bool> claim_store(db::Database& database, StoreId id) {
    TRY_VOID(database.write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(
            tx.run("INSERT INTO object_store (id, store_id, last_removed_object)"
                   " VALUES (1, ?1, 0) ON CONFLICT DO NOTHING",
                   Bytes(id)));
        return {};
    }));
    TRY(const StoreId there, open_store_id(database));
    return there == id;
}

Result<ObjectIds> ObjectIds::open(db::Snapshot& snapshot) {
    ObjectIds ids;
    if (snapshot.dialect() == db::Dialect::Postgres) return ids;
    TRY(db::Query query,
        snapshot.prepare("SELECT coalesce(max(id), 0),"
                         " (SELECT last_removed_object FROM object_store WHERE id = 1)"
                         " FROM objects"));
    TRY(const bool row, query.next());
    if (row) ids.last_ = std::max(query.int64(0), query.int64(1));
    ids.known_ = std::numeric_limits<std::int64_t>::max();
    return ids;
}

Result<std::int64_t> ObjectIds::next(db::Transaction& tx) {
    if (last_ >= known_) {
        TRY(db::Query query, tx.prepare("SELECT nextval('object_ids')"));
        TRY_VOID(query.next());
        last_ = query.int64(0) - 1;
        known_ = last_ + kIdsAtOnce;
    }
    return ++last_;
}

Result<void> insert_object(db::Transaction& tx, std::int64_t id, const ObjectLocation& location,
                           std::int64_t created_us) {
    TRY(db::Query query,
        tx.prepare(
            "INSERT INTO objects (id, segment, record_offset, head_bytes, size_bytes, sha256,"
            " created, key) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"));
    query.bind(id, location.segment, location.record_offset, location.head_bytes,
               location.size_bytes, Bytes(location.sha256), created_us);
    if (location.segment == 0) query.bind_at(8, location.key);
    return query.run_later();
}

Result<ObjectLocation> find_object(db::Snapshot& snapshot, ObjectId id) {
    TRY(db::Query query,
        snapshot.prepare("SELECT segment, record_offset, head_bytes, size_bytes, sha256, key"
                         " FROM objects WHERE id = ?1"));
    query.bind(to_int64(id));
    TRY(const bool row, query.next());
    if (!row) {
        return fail(ErrorCode::NotFound, "there is no object " + std::to_string(to_int64(id)));
    }
    ObjectLocation location;
    location.segment = query.int64(0);
    location.record_offset = static_cast<std::uint64_t>(query.int64(1));
    location.head_bytes = static_cast<std::uint32_t>(query.int64(2));
    location.size_bytes = static_cast<std::uint64_t>(query.int64(3));
    if (query.blob(4).size() != location.sha256.size()) {
        return fail(ErrorCode::Corrupt, "the row of object " + std::to_string(to_int64(id)) +
                                            " has a hash of a wrong length");
    }
    std::ranges::copy(query.blob(4), location.sha256.begin());
    location.key = query.string(5);
    return location;
}

Result<void> remove_object(db::Transaction& tx, ObjectId id, std::int64_t now_us) {
    TRY(const ObjectLocation location, find_object(tx, id));
    TRY_VOID(tx.run("DELETE FROM objects WHERE id = ?1", to_int64(id)));
    TRY_VOID(
        tx.run("UPDATE object_store SET last_removed_object = ?1"
               " WHERE id = 1 AND last_removed_object < ?1",
               to_int64(id)));
    if (location.segment != 0) {
        TRY_VOID(
            tx.run("UPDATE object_segments SET dead_bytes = dead_bytes + ?2, last_removed = ?3"
                   " WHERE segment = ?1",
                   location.segment, location.head_bytes + location.size_bytes, now_us));
    } else {
        TRY_VOID(
            tx.run("INSERT INTO object_garbage (key, size_bytes, removed)"
                   " VALUES (?1, ?2, ?3)",
                   location.key, location.size_bytes, now_us));
    }
    return {};
}

Result<std::int64_t> insert_intent(db::Transaction& tx, std::string_view key,
                                   std::int64_t created_us, std::string_view writer) {
    TRY(db::Query query,
        tx.prepare("INSERT INTO object_intents (key, created, writer) VALUES (?1, ?2, ?3)"));
    return query.bind(key, created_us, writer).insert();
}

Result<void> rename_intent(db::Transaction& tx, std::int64_t intent, std::string_view key) {
    TRY(const auto changed,
        tx.run("UPDATE object_intents SET key = ?2 WHERE id = ?1", intent, key));
    if (changed == 1) return {};
    return fail(ErrorCode::Conflict, "the upload took longer than the grace period");
}

Result<void> remove_intent(db::Transaction& tx, std::int64_t intent) {
    TRY(const auto changed, tx.run("DELETE FROM object_intents WHERE id = ?1", intent));
    if (changed == 1) return {};
    return fail(ErrorCode::Conflict,
                "the upload was recorded before, or took longer than the grace period");
}

Result<std::vector<Intent>> old_intents(db::Snapshot& snapshot,
                                        std::optional<std::string_view> writer,
                                        std::int64_t until_us, std::size_t limit) {
    TRY(db::Query query,
        snapshot.prepare("SELECT id, key FROM object_intents WHERE created <= ?1"
                         " AND (CAST(?3 AS TEXT) IS NULL OR writer = ?3)"
                         " ORDER BY id LIMIT ?2"));
    query.bind(until_us, limit, writer);
    std::vector<Intent> intents;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return intents;
        intents.push_back({query.int64(0), query.string(1)});
    }
}

Result<std::vector<Garbage>> old_garbage(db::Snapshot& snapshot, std::int64_t until_us,
                                         std::size_t limit) {
    TRY(db::Query query, snapshot.prepare("SELECT id, key, size_bytes FROM object_garbage"
                                          " WHERE removed <= ?1 ORDER BY id LIMIT ?2"));
    query.bind(until_us, limit);
    std::vector<Garbage> garbage;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return garbage;
        garbage.push_back(
            {query.int64(0), query.string(1), static_cast<std::uint64_t>(query.int64(2))});
    }
}

Result<void> forget_the_future(db::Transaction& tx, std::int64_t now_us) {
    TRY_VOID(tx.run("UPDATE object_garbage SET removed = ?1 WHERE removed > ?1", now_us));
    TRY_VOID(
        tx.run("UPDATE object_segments SET last_removed = ?1 WHERE last_removed > ?1", now_us));
    return {};
}

Result<void> remove_garbage(db::Transaction& tx, std::int64_t id) {
    TRY_VOID(tx.run("DELETE FROM object_garbage WHERE id = ?1", id));
    return {};
}

Result<void> forget_uploads_and_garbage(db::Transaction& tx) {
    TRY_VOID(tx.run("DELETE FROM object_intents"));
    TRY_VOID(tx.run("DELETE FROM object_garbage"));
    return {};
}

Result<bool> is_key_needed(db::Snapshot& snapshot, std::string_view key,
                           std::int64_t but_intent, std::int64_t but_garbage) {
    TRY(db::Query query,
        snapshot.prepare("SELECT EXISTS (SELECT 1 FROM objects WHERE key = ?1) OR"
                         " EXISTS (SELECT 1 FROM object_intents WHERE key = ?1 AND id <> ?2) OR"
                         " EXISTS (SELECT 1 FROM object_garbage WHERE key = ?1 AND id <> ?3)"));
    query.bind(key, but_intent, but_garbage);
    TRY(const bool row, query.next());
    return row && query.int64(0) != 0;
}

}  // namespace larmor::objects
