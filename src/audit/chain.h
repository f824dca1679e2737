#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/hash.h"

namespace larmor::audit {

/// Where a chain stands: what the next batch must follow.
struct ChainEnd {
    std::uint64_t batch = 0;   ///< the last one's number; 0: there is none yet
    std::uint64_t record = 0;  ///< of the last record
    Sha256 hash{};             ///< of the last batch; zeros before the first
    friend bool operator==(const ChainEnd&, const ChainEnd&) = default;
};

/// The first line of a file.
struct FileHead {
    std::string trail;  ///< 32 hexadecimal digits, the same in all files of a library
    std::uint64_t number = 0;
};
void append_head(std::string& out, const FileHead& head);
/// Errors: Corrupt unless it is exactly what append_head makes, without the line feed.
Result<FileHead> parse_head(std::string_view line);

/// Ends the batch that `batch` holds (`record_count` lines of records, before them perhaps the
/// head of a file) with its seal: a line with the hash of the batch before it and its own.
/// Moves `end` on.
void append_seal(std::string& batch, std::uint64_t record_count, ChainEnd& end);

/// A batch as it was read.
struct Batch {
    std::uint64_t offset = 0;               ///< in its file
    std::uint64_t next = 0;                 ///< of what follows
    std::string_view head;                  ///< the line of a file's head, or nothing
    std::vector<std::string_view> records;  ///< lines without their line feed
    ChainEnd end;
};

/// What a writer puts into one batch at most, and a reader believes.
inline constexpr std::size_t kBatchMaxBytes = std::size_t{4} << 20;

/// Reads the batch at `offset` that must follow `before`. Every byte of it is checked: the
/// records by the hash, the seal by being made again. Errors: Corrupt, with the offset of the
/// batch, when anything differs; InvalidInput when the file ends before the batch does.
Result<Batch> read_batch(Bytes file, std::uint64_t offset, const ChainEnd& before);

/// The end of the chain before the batch at `offset`, as its own seal says: to read a file
/// without those before it. Errors: InvalidInput where there is no seal.
Result<ChainEnd> claimed_start(Bytes file, std::uint64_t offset);
/// The end of the chain as the last seal of a damaged file says, to number on behind it.
std::optional<ChainEnd> claimed_end(Bytes file);

}  // namespace larmor::audit
