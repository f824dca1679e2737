#pragma once
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "db/database.h"
#include "objects/object_store.h"
#include "objects/s3/options.h"

namespace larmor::objects::s3 {

struct S3StoreOptions {
    ClientOptions client{};
    std::string prefix{};  ///< of all keys: empty, or with a `/` at its end
    /// On a disk of this machine, the same for all processes of the library, made where
    /// missing: locks, uploads while they come, and what was fetched, both without names.
    std::filesystem::path folder{};
    std::uint64_t small_max_bytes = 1 << 20;
    /// Longer than any read or upload takes: what was removed is kept so long, and what was
    /// put and not recorded.
    std::chrono::microseconds grace = std::chrono::hours(24);
    unsigned puts_max = 16;  ///< small objects that are put at a time
    const Clock* clock = &system_clock();
    std::string writer{};  ///< see LocalStoreOptions
};

/// Objects in S3, one for each, also where they are small: docs/decisions/objects_in_s3.md.
/// `ObjectLocation::key` is the name behind the prefix. What is staged stands under its key
/// where the key has the hash of its content in it, and below the key, by its hash, where not:
/// so the same bytes are put once, and no others ever stand under a name.
///
/// An intent is durable before each put, a put is durable before its row, and a removal looks
/// at rows, intents and grace periods again before it removes.
class S3Store : public ObjectStore {
public:
    /// A URL that gives the bytes, and ranges of them, to whoever has it, for `expires` (1 s to
    /// 7 days); S3 answers it without us. Errors: InvalidInput.
    virtual Result<std::string> signed_url(const ObjectLocation& location,
                                           std::chrono::seconds expires) = 0;
};

/// Opens or makes the store. Its rows live in `database`, whose migrations must have run; it
/// must outlive it. Removes what an earlier process of this writer put and did not record.
/// Errors: Conflict where another library's objects lie there, or this library's in its folder;
/// those of Client::open and of the client.
Result<std::unique_ptr<S3Store>> open_s3_store(db::Database& database, S3StoreOptions options);

}  // namespace larmor::objects::s3
