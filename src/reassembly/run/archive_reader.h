#pragma once
#include <atomic>
#include <memory>

#include "archive/archive.h"
#include "reassembly/run/archive_list.h"
#include "reassembly/run/member_buffer.h"

namespace larmor::reassembly::run {

/// An archive that is read once, from front to back, large members straight to where they
/// belong, and once more only where a hard link leads to a member that has passed; every byte
/// that the file gives is counted.
class ArchiveReader {
public:
    /// One in S3 comes by range reads, which go on where a connection was cut, always of the
    /// same state of the object. Errors: Unsupported for what is neither tar nor tar.gz nor
    /// tar.zst; those of open(2), of S3 (Conflict where the object was replaced since it was
    /// listed), and of the readers.
    static Result<std::unique_ptr<ArchiveReader>> open(const ArchiveFile& archive,
                                                       std::atomic<std::uint64_t>& bytes_read);
    archive::Reader& members() { return *reader_; }

private:
    UniqueFd file_;
    std::unique_ptr<archive::Reader> reader_;
};

/// Appends what is left of a member to `out`, which may grow to `size_max_bytes`, as it comes:
/// `expected_bytes`, what the archive says of the whole member, is a hint and no promise.
/// Errors: LimitExceeded, those of the reader.
Result<void> read_rest(archive::Reader& reader, std::uint64_t expected_bytes,
                       std::uint64_t size_max_bytes, MemberBuffer& out);

}  // namespace larmor::reassembly::run
