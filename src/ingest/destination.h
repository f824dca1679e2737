#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "async/task.h"
#include "base/bytes.h"

namespace larmor::ingest {

/// What became of one instance. One policy for STOW-RS, the command line and every later way
/// in.
enum class Outcome : std::uint8_t {
    Stored,     ///< new: durable, and visible to searches
    Duplicate,  ///< we had it, as the same bytes or as an equal data set with equal frames:
                ///< nothing changed
    Alternate,  ///< we had it in another transfer syntax: kept beside the first, which stays
                ///< primary
    Conflict,   ///< we had another instance under its SOP Instance UID: kept in a non-primary
                ///< image set
    Rejected,   ///< not stored: `error` says why
};
std::string_view name_of(Outcome outcome);

struct ImportResult {
    Outcome outcome = Outcome::Rejected;
    /// As far as the bytes told; empty where they did not. Without padding.
    std::string study_instance_uid;
    std::string series_instance_uid;
    std::string sop_class_uid;
    std::string sop_instance_uid;
    std::string image_set_id;      ///< of a conflict: the non-primary image set that holds it
    std::uint64_t size_bytes = 0;  ///< of the file
    std::optional<Error> error;    ///< of Rejected
};

struct ImportOptions {
    /// Of STOW-RS to one study: an instance of another one is rejected (PS3.18
    /// section 10.5.1.1.1).
    std::string study_instance_uid;
    /// Of C-STORE, whose command says what its data set is: another one is rejected (PS3.4
    /// table B.2-1, A900). Empty: any.
    std::string sop_class_uid{};
    std::string sop_instance_uid{};
};

/// An instance that arrives in pieces. Holds at most ObjectStore::small_max_bytes in memory;
/// what is larger goes to the store as it comes. Dropped without `finish`, nothing remains. Not
/// for two tasks at a time.
class ImportStream {
public:
    virtual ~ImportStream() = default;
    /// `piece` is read before the task ends. Errors: NoSpace, Unavailable, LimitExceeded; then
    /// drop the stream.
    virtual async::Task<Result<void>> write(Bytes piece) = 0;
    virtual async::Task<ImportResult> finish() = 0;
};

/// Where instances can be sent: the importer of this process, or a server's. Safe from any
/// thread; must outlive its tasks.
class Destination {
public:
    virtual ~Destination() = default;
    /// A DICOM file (or a bare data set) in memory. The bytes must live until the task ends.
    virtual async::Task<ImportResult> import_bytes(Bytes bytes, ImportOptions options = {}) = 0;
    /// The same in pieces, for bodies and archive members of any size.
    virtual std::unique_ptr<ImportStream> begin(ImportOptions options = {}) = 0;
};

}  // namespace larmor::ingest
