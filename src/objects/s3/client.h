#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "objects/s3/answers.h"
#include "objects/s3/options.h"

namespace larmor::objects::s3 {

class Requester;
class StreamedPut;

/// Takes the bytes of an object in order, each once. An error ends the reading and is its
/// result.
using PieceSink = std::function<Result<void>(Bytes piece)>;

struct GetOptions {
    std::optional<ByteRange> range{};  ///< the whole object where not given
    std::string etag{};                ///< only while the object has this one; else Conflict
    /// What the whole object must be. Where it is not given, the hash that was stored with the
    /// object is used. Of a range nothing is known but its length.
    std::optional<Sha256> sha256{};
};

enum class IfAbsent : bool { No, Yes };

struct PutOptions {
    /// Yes: an object that stands under the key stays. Equal bytes there are a success (two
    /// writers of the same, or our own write whose answer was lost), others a Conflict.
    IfAbsent if_absent = IfAbsent::No;
    std::optional<Sha256> sha256{};  ///< of the bytes, where the caller knows it
    std::string content_type = "application/octet-stream";
    std::string storage_class{};  ///< the bucket's where empty
};

struct PutResult {
    std::string etag;
    bool existed = false;  ///< equal bytes were there before: nothing was written
};

struct StreamedPutOptions {
    PutOptions put{};
    /// Of each part but the last, and of memory; 5 MiB at least. 10,000 of them are the
    /// largest object.
    std::size_t part_bytes = 8 << 20;
};

struct ListOptions {
    std::string prefix{};
    std::string delimiter{};    ///< `/`: what lies deeper is one prefix each
    std::string start_after{};  ///< keys behind this one, in the order of UTF-8 bytes
    std::string token{};        ///< of the page before
    unsigned keys_max = 1000;
};

enum class RestoreTier : std::uint8_t { Expedited, Standard, Bulk };

/// Objects of one bucket, over the S3 API. Calls block: use it on threads that may; safe from
/// any of them. Where a request may succeed later it is sent again, with jitter, up to the
/// options' limits; a connection that was lost in the middle of a body goes on where it was, in
/// the same state of the object. What arrives is what was stored, or an error: never less.
///
/// Errors of all calls: NotFound, Conflict, Denied, Unauthenticated, InvalidInput (the key or
/// what the server did not understand), Unavailable (server or way to it), Cancelled. Messages
/// have the call, the key, the S3 code and the server's request id, never a secret.
class Client {
public:
    /// Asks nobody yet. Errors: InvalidInput, Unauthenticated (no credentials).
    static Result<std::unique_ptr<Client>> open(ClientOptions options);
    ~Client();

    Result<ObjectInfo> head(const std::string& key);

    /// Gives the object, or a range of it, to `sink`. Errors: InvalidInput for a range that
    /// ends beyond the object; Conflict when the object was replaced meanwhile; Corrupt when
    /// the whole has another hash, all of it having been given to the sink; Unavailable for an
    /// object in a cold tier, at once.
    Result<ObjectInfo> get(const std::string& key, const GetOptions& options,
                           const PieceSink& sink);
    /// In memory. Errors: as `get`; LimitExceeded.
    Result<ByteBuffer> get_all(const std::string& key, const GetOptions& options,
                               std::size_t size_max_bytes);

    /// The server compares the bytes with their hash before it takes them.
    Result<PutResult> put(const std::string& key, Bytes body, const PutOptions& options);
    /// An object that comes in pieces. `this` must outlive it.
    std::unique_ptr<StreamedPut> begin_put(std::string key, StreamedPutOptions options);

    Result<ListPage> list(const ListOptions& options);

    /// Also where there is none: that is how S3 has it.
    Result<void> remove(const std::string& key);
    /// Many with few requests. Gives those that failed; Errors: of a request as a whole.
    Result<std::vector<DeleteFailure>> remove_many(std::span<const std::string> keys);

    /// Removes the parts of uploads under `prefix` that were never finished, such as those of a
    /// process that was killed; gives how many uploads there were. One that is under way fails
    /// by it: call it where nobody else writes.
    Result<std::uint64_t> abort_uploads(const std::string& prefix);
    /// The same of one key.
    Result<std::uint64_t> abort_uploads_of(const std::string& key);

    /// A URL that whoever has it may use for `expires` (1 s to 7 days), also for ranges.
    Result<std::string> presign_get(const std::string& key, std::chrono::seconds expires);
    Result<std::string> presign_put(const std::string& key, std::chrono::seconds expires);

    /// Asks for an object of a cold tier to be readable for some days; again while it is being
    /// restored is fine. Done: it is readable already, and stays so for `days` from now. Follow
    /// it with `head`.
    Result<Restore> request_restore(const std::string& key, unsigned days, RestoreTier tier);

private:
    explicit Client(std::unique_ptr<Requester> requester);
    enum class Which : std::uint8_t { WithPrefix, WithKey };
    Result<std::uint64_t> abort_uploads(const std::string& prefix, Which which);
    std::unique_ptr<Requester> requester_;
};

/// One object that is written in pieces: in parts of a fixed size, one in memory at a time, or
/// with one request where it is smaller than a part. Nobody sees it before `finish`. Dropped
/// without it, the parts are removed; a process that is killed leaves them to abort_uploads or
/// the bucket's rule for incomplete uploads.
class StreamedPut {
public:
    StreamedPut(Requester& requester, Client& client, std::string key,
                StreamedPutOptions options);
    ~StreamedPut();
    StreamedPut(const StreamedPut&) = delete;
    StreamedPut& operator=(const StreamedPut&) = delete;

    /// After an error every further call gives it again.
    Result<void> write(Bytes piece);
    /// The object is there, in its whole length, or it is an error. With IfAbsent::Yes a server
    /// that knows no conditional completion may replace what another writer stored in the
    /// moment before. Errors: Conflict; OutcomeUnknown when the answer was lost and what stands
    /// under the key is not ours.
    Result<PutResult> finish();
    std::uint64_t size_bytes() const { return size_bytes_; }

private:
    struct Part {
        std::string etag;
    };
    Result<void> fill(Bytes piece);
    Result<void> begin();
    Result<void> send_part();
    Result<PutResult> complete();
    Result<PutResult> settle(const Error& failure, unsigned attempts);
    std::string completion() const;
    void abort();

    Requester& requester_;
    Client& client_;
    const std::string key_;
    const StreamedPutOptions options_;
    ByteBuffer buffer_;
    std::uint64_t size_bytes_ = 0;
    std::string upload_id_;  ///< empty before the first part, and when it is over
    std::string mark_;       ///< random, stored with the object: it tells ours from others
    std::vector<Part> parts_;
    std::optional<Error> failed_;
};

}  // namespace larmor::objects::s3
