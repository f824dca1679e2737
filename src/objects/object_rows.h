#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "db/database.h"
#include "objects/object_store.h"
#include "objects/store_id.h"

namespace larmor::objects {

/// The SQL on objects that every driver shares; migrations/ has the tables. Times are
/// microseconds since 1970 UTC.

/// Makes or reads the identity of this store. Blocks.
Result<StoreId> open_store_id(db::Database& database);
/// Makes the store with this id that of the database, where that has none yet. False where it
/// has another one.
Result<bool> claim_store(db::Database& database, StoreId id);

/// Gives ids of objects, none twice. On PostgreSQL a thousand at a time from a sequence, since
/// other processes give some too. `next` on the writer's thread.
class ObjectIds {
public:
    static Result<ObjectIds> open(db::Snapshot& snapshot);
    /// What a transaction that rolls back got is not given again.
    Result<std::int64_t> next(db::Transaction& tx);

private:
    std::int64_t last_ = 0;
    std::int64_t known_ = 0;  ///< up to which there are ids without asking
};

Result<void> insert_object(db::Transaction& tx, std::int64_t id, const ObjectLocation& location,
                           std::int64_t created_us);
Result<ObjectLocation> find_object(db::Snapshot& snapshot, ObjectId id);
/// Removes the row and notes what becomes free: dead bytes of the segment, or the file.
Result<void> remove_object(db::Transaction& tx, ObjectId id, std::int64_t now_us);

struct Intent {
    std::int64_t id = 0;
    std::string key;
};
Result<std::int64_t> insert_intent(db::Transaction& tx, std::string_view key,
                                   std::int64_t created_us, std::string_view writer);
Result<void> rename_intent(db::Transaction& tx, std::int64_t intent, std::string_view key);
/// Errors: Conflict when it is gone.
Result<void> remove_intent(db::Transaction& tx, std::int64_t intent);
/// Of this writer, or of all where nothing is said, made at or before that time, at most
/// `limit`.
Result<std::vector<Intent>> old_intents(db::Snapshot& snapshot,
                                        std::optional<std::string_view> writer,
                                        std::int64_t until_us, std::size_t limit);

struct Garbage {
    std::int64_t id = 0;
    std::string key;
    std::uint64_t size_bytes = 0;
};
Result<std::vector<Garbage>> old_garbage(db::Snapshot& snapshot, std::int64_t until_us,
                                         std::size_t limit);
/// What was removed while the clock was ahead counts as removed now, or it would stay for
/// years.
Result<void> forget_the_future(db::Transaction& tx, std::int64_t now_us);
Result<void> remove_garbage(db::Transaction& tx, std::int64_t id);

/// In a restored library: uploads and garbage of the first one left no files in it.
Result<void> forget_uploads_and_garbage(db::Transaction& tx);

/// Whether an object, an upload other than `but_intent`, or a grace period other than that of
/// `but_garbage`, still needs the file under this key.
Result<bool> is_key_needed(db::Snapshot& snapshot, std::string_view key,
                           std::int64_t but_intent, std::int64_t but_garbage);

}  // namespace larmor::objects
