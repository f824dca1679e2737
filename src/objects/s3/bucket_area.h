#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "db/database.h"
#include "objects/object_rows.h"
#include "objects/s3/client.h"

namespace larmor::objects::s3 {

/// Where the objects of one library lie: a bucket, or what begins with a prefix in it, and a
/// folder here for locks and for files without a name. Its calls block.
struct BucketArea {
    db::Database& database;
    Client& client;
    std::string prefix;            ///< before each key; empty, or with a `/` at its end
    std::filesystem::path folder;  ///< the same one for all processes of the library

    std::string name_of(std::string_view key) const { return prefix + std::string(key); }
};

/// Makes the area that of the store with this id, where it is nobody's yet. Errors: Conflict
/// where it is another's; those of the client.
Result<void> claim_area(const BucketArea& area, const StoreId& store);

/// Puts an object that never changes: equal bytes that stand under its key are as good. An
/// intent that names the key must be durable. Errors: Conflict when others stand there; those
/// of the client.
Result<void> put_object(const BucketArea& area, const std::string& key, Bytes body,
                        const Sha256& sha256);

/// Removes the object unless an object's row, another intent or another grace period needs it.
/// Gives the bytes freed.
Result<std::uint64_t> remove_unneeded(const BucketArea& area, const std::string& key,
                                      std::int64_t but_intent, std::int64_t but_garbage);

/// Removes what a put left, and then its intent. Gives the bytes freed.
Result<std::uint64_t> clean_up_intent(const BucketArea& area, const Intent& intent);

/// Of all old ones: see old_intents.
Result<std::uint64_t> clean_up_intents(const BucketArea& area,
                                       std::optional<std::string_view> writer,
                                       std::int64_t until_us);

/// Gives a range of an object's bytes to `sink`; the whole of it has the hash that its row
/// says. Errors: InvalidInput (beyond the object); Corrupt when it is missing or another one,
/// after what came was given; those of the client.
Result<void> read_object(const BucketArea& area, const ObjectLocation& location,
                         ByteRange range, const PieceSink& sink);
/// Reads all of it, for its hash.
Result<void> verify_object(const BucketArea& area, const ObjectLocation& location);

/// Behind the prefix, whose the area is; `@` is in no object's key.
inline constexpr std::string_view kOwnerKey = "@larmor-store";

}  // namespace larmor::objects::s3
