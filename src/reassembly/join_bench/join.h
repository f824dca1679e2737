#pragma once
#include <cstdint>
#include <filesystem>

#include "base/result.h"

namespace larmor::reassembly::join_bench {

struct JoinOptions {
    std::uint64_t keys = 0;          ///< UIDs on either side
    std::uint64_t memory_bytes = 0;  ///< resident, of the whole process
    unsigned threads = 1;
    /// Of a member of the image archives that passes by: as many of them as fit into an eighth
    /// of the memory may wait for the index at once. 0: as many as are useful.
    std::uint64_t payload_bytes = 0;
    unsigned partition_bits = 12;          ///< of the index; fewer need less memory, for tests
    std::filesystem::path spool_folder{};  ///< for what outgrows the memory
};

struct JoinReport {
    double scan_s = 0, build_s = 0, probe_s = 0;
    std::uint64_t pairs = 0;  ///< matched, the full UID compared
    std::uint64_t wrong = 0;  ///< paired with another record than the one that has the UID
    /// Matches of the index whose record had another UID, told apart by comparing.
    std::uint64_t refused = 0;
    std::uint64_t index_memory_bytes = 0, index_file_bytes = 0, spilled_bytes = 0;
    std::uint64_t window_members = 0;  ///< looked up at once by a thread
    std::uint64_t peak_resident_bytes = 0;
};

/// Joins synthetic UIDs of a build side with the same ones of a probe side in another order,
/// with the index of a re-assembly. On both sides each UID is text first, which is checked and
/// hashed; every pair is accepted by comparing the text of both. The build side's record is
/// made again from its ordinal: it stands for the read of a spool of 1e9 records.
/// Errors: InvalidInput for no keys, LimitExceeded for memory too small to work in; those of
/// the index.
Result<JoinReport> run_join(const JoinOptions& options);

}  // namespace larmor::reassembly::join_bench
