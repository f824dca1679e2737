#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "async/task.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "db/transaction.h"

namespace larmor::objects {

/// The number of an object in one library: given by `record`, never used twice.
enum class ObjectId : std::int64_t {};
constexpr std::int64_t to_int64(ObjectId id) {
    return static_cast<std::int64_t>(id);
}

/// Where an object's bytes are, as its row says; cheap to copy and to keep in a cache: an
/// object never moves while its row stands (compaction makes a new row state and keeps the old
/// bytes for the grace period).
struct ObjectLocation {
    std::int64_t segment = 0;  ///< the segment file, or 0 for bytes that stand by themselves
    std::string key;           ///< of the latter; empty for an object in a segment
    std::uint64_t record_offset = 0;  ///< of the record in its segment, in bytes
    std::uint32_t head_bytes = 0;     ///< from the record's start to its body
    std::uint64_t size_bytes = 0;     ///< of the body
    Sha256 sha256{};                  ///< of the body
    friend bool operator==(const ObjectLocation&, const ObjectLocation&) = default;
};

/// Bytes of an object as part of an open file: what sendfile(2) takes. The descriptor is shared
/// and stays open as long as somebody holds it, also when the object is deleted meanwhile.
struct FileSlice {
    std::shared_ptr<const UniqueFd> file;
    std::uint64_t offset = 0;
    std::uint64_t size_bytes = 0;
};

/// Bytes to store: parts that are written one after the other without being copied together.
struct StageRequest {
    /// Readable: `instances/<study>/<series>/<sop>/<content hash>.dcm`. Parts are 1 to 128
    /// letters, digits and `.-_`, neither `.` nor `..`; at most 8 parts and 512 bytes. Written
    /// beside the bytes, or a part of the name under which they stand by themselves.
    std::string key;
    std::vector<Bytes> body;
    /// Keeps the bytes of `body` alive until they are written; not needed where the caller
    /// waits.
    std::shared_ptr<const void> owner;
    /// Of the whole body, where the caller knows it already; computed otherwise.
    std::optional<Sha256> sha256;
};

/// Bytes in their place that nobody can see yet. Becomes an object by `record`; when it is
/// forgotten instead, its bytes become dead space (segment) or are removed later (file).
struct StagedObject {
    ObjectLocation location;
    std::uint64_t write =
        0;  ///< what `record` has to have synced; 0 when it is durable already
    std::int64_t intent = 0;  ///< the row that `record` removes; 0 for a record in a segment
};

/// A large object that arrives in pieces. Calls block: use it on a worker thread. Dropped
/// without `finish`, nothing remains.
class Upload {
public:
    virtual ~Upload() = default;
    virtual Result<void> write(Bytes piece) = 0;
    /// What was written so far, to be looked at before `finish`: importers find the key in it.
    /// The mapping may be held after `finish`.
    virtual Result<MappedFile> map() = 0;
    /// Makes the bytes durable under the final key. `key_of`, where given, is called with the
    /// hash of the content and gives the key in place of the one given to `begin_upload`. Where
    /// an equal file stands under that key already (same size and hash), it is used. Errors:
    /// Conflict when other bytes stand under the key; NoSpace; Unavailable.
    virtual Result<StagedObject> finish(
        const std::function<std::string(const Sha256&)>& key_of = {}) = 0;
    virtual std::uint64_t size_bytes() const = 0;
};

/// Immutable objects. Put in two steps: `stage` writes the bytes, `record` makes them an object
/// in the caller's transaction, together with the rows that point at it; that transaction
/// commits only after the bytes are durable: one sync serves all that are recorded together,
/// and a failed one shows as the failure of the transaction. An object that was recorded reads
/// back equal or as Corrupt, never as something else. Safe from any thread; `record`, `locate`
/// and `remove` use the transaction's thread.
class ObjectStore {
public:
    virtual ~ObjectStore() = default;

    /// Objects up to this size are staged from memory; larger ones are uploads.
    virtual std::uint64_t small_max_bytes() const = 0;

    /// Writes a small object. An empty body is fine. Errors: InvalidInput (the key),
    /// LimitExceeded (over `small_max_bytes`: use `begin_upload`), NoSpace, Unavailable (too
    /// much is waiting, or the store is away); after a failed sync NoSpace, for good.
    virtual async::Task<Result<StagedObject>> stage(StageRequest request) = 0;
    /// Several objects, side by side in the store: all or none.
    virtual async::Task<Result<std::vector<StagedObject>>> stage_all(
        std::vector<StageRequest> requests) = 0;

    /// Starts an object of any size. `key` may be changed by `finish`. Writes a durable intent
    /// first (one small transaction: never call it inside a write function). Blocks.
    virtual Result<std::unique_ptr<Upload>> begin_upload(std::string key) = 0;

    /// Makes the staged bytes an object: visible when the transaction commits, which it does
    /// not before they are durable. Errors: Conflict when an upload was recorded before or its
    /// intent expired.
    virtual Result<ObjectId> record(db::Transaction& tx, const StagedObject& staged) = 0;

    /// Errors: NotFound.
    virtual Result<ObjectLocation> locate(db::Snapshot& snapshot, ObjectId id) = 0;
    /// `locate` in a snapshot of its own. Blocks.
    virtual Result<ObjectLocation> locate(ObjectId id) = 0;

    /// Whether `open` and `read` wait for nothing but a disk. Otherwise the bytes come over a
    /// network, and both belong on threads that may block.
    virtual bool opens_at_once() const = 0;
    /// A range of the bytes as a slice of an open file; touches no database. Bytes that are in
    /// no file here are fetched into one without a name, these and no others. Errors:
    /// InvalidInput (beyond the object), Corrupt (what the row names is missing or shorter),
    /// Unavailable.
    virtual Result<FileSlice> open(const ObjectLocation& location, ByteRange range) = 0;
    /// All of it.
    Result<FileSlice> open_whole(const ObjectLocation& location) {
        return open(location, {0, location.size_bytes});
    }
    /// Reads a range into `out`. Errors: InvalidInput (beyond the object), Corrupt,
    /// Unavailable.
    virtual Result<void> read(const ObjectLocation& location, std::uint64_t offset,
                              std::span<std::byte> out) = 0;
    /// Reads everything again and compares sizes, checksums and the hash with record and row.
    /// Errors: Corrupt with segment (or key) and offset.
    virtual Result<void> verify(const ObjectLocation& location) = 0;

    /// Removes what was staged and was never handed to `record`, or whose transaction is known
    /// to have rolled back: what stands by itself, unless another object has the same; what is
    /// in a segment is dead space already. Never after a commit whose outcome is unknown.
    /// Blocks. Where it fails, the intent stays, and the next start removes it.
    virtual Result<void> drop(const StagedObject& staged) = 0;

    /// Removes the row; the bytes are kept for the grace period (readers may hold them).
    /// Errors: NotFound.
    virtual Result<void> remove(db::Transaction& tx, ObjectId id) = 0;
    /// Removes bytes whose grace period has passed, and what expired uploads left. Blocks;
    /// writes small transactions. Gives the number of bytes freed: none while a backup runs.
    /// Segments are only accounted for.
    virtual Result<std::uint64_t> collect_garbage() = 0;

    /// The whole object in memory. Errors: as `read`; LimitExceeded over `size_max_bytes`.
    Result<ByteBuffer> read_all(const ObjectLocation& location, std::uint64_t size_max_bytes);
    Result<ByteBuffer> read_all(ObjectId id, std::uint64_t size_max_bytes);
    /// The same, behind what is in `text` already. Nobody knows what is there after an error.
    Result<void> append_to(std::string& text, const ObjectLocation& location,
                           std::uint64_t size_max_bytes);
};

/// `segment 17 at byte 4096`, or `object file <key>`: for messages.
std::string place_of(const ObjectLocation& location);

/// True for a key as StageRequest describes it.
bool is_object_key(std::string_view key);

}  // namespace larmor::objects
