#pragma once
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "reassembly/fuse/fuse.h"
#include "reassembly/run/archive_list.h"
#include "restore/restores.h"

namespace larmor::reassembly::run {

/// Of each request for an archive in S3.
inline constexpr std::size_t kArchiveWindowBytes = 4 << 20;
/// Up to here a file for S3 is made in memory and put with one request. Larger ones go in parts
/// of this size, as they come.
inline constexpr std::size_t kPutBytes = 8 << 20;

enum class ReportFormat : std::uint8_t { Ndjson, Parquet };

struct Request {
    /// Files, folders, or addresses in S3: see list_archives.
    std::vector<std::filesystem::path> metadata;
    std::vector<std::filesystem::path> images;
    std::filesystem::path output;  ///< a folder, or an address in S3
    /// Where `output` is in S3: what waits, the report, and what shows whose run is there.
    std::filesystem::path work_folder;
    std::filesystem::path spool_folder;  ///< for what is gone after the run; empty: in `output`
    std::chrono::milliseconds checkpoint_interval{30'000};
    /// How archives of cold tiers are restored; without it they must be readable.
    std::optional<restore::Options> restore_options;
    /// Resident size of the whole process, about.
    std::uint64_t memory_bytes = std::uint64_t{4} << 30;
    unsigned threads = 1;
    std::string member_pattern;  ///< of fuse::MemberNames; empty: the usual names
    fuse::FuseOptions fuse;
    ReportFormat report_format = ReportFormat::Ndjson;
    /// For tests: the bits of hashes of UIDs that are used; with none all UIDs have one hash.
    std::uint64_t uid_hash_mask = ~std::uint64_t{0};
};

/// What of a request decides about the output: the options that change it, and each archive's
/// key, size and time. A digest in hexadecimal.
std::string fingerprint(const Request& request, const std::vector<ArchiveFile>& metadata,
                        const std::vector<ArchiveFile>& images);
/// What the JSON of a run's marks and of `complete.json` begins with.
std::string fingerprint_member(const std::string& fingerprint);
/// A member of it where the instances are in S3: which place that is.
inline constexpr std::string_view kPlaceMember = R"("place":)";

/// What of a run is in S3, whose bytes are in memory on their way.
struct InS3 {
    bool archives = false;
    bool output = false;
};
InS3 in_s3(const Request& request);

/// How the memory is shared out. What is under way from S3 and to it is counted before: of
/// each probe thread two windows of an archive, what it puts, and a piece of the member that it
/// reads meanwhile. (A file of more than 72 GB goes in larger parts, which are not.)
struct MemoryPlan {
    /// Of the probe side: some of them wait for the disk at any time.
    unsigned probe_threads = 1;
    std::uint64_t index_bytes = 0;  ///< scanning, building, and the index itself
    std::uint64_t spool_bytes = 0;  ///< of the spool's start
    std::uint64_t window_bytes =
        0;  ///< of each probe thread: members that are looked up at once
    std::uint64_t member_max_bytes = 0;  ///< of a member that must be in memory whole
    std::uint64_t gathered_bytes = 0;  ///< of each probe thread: frames that wait for the next
    std::uint64_t frames_max_bytes =
        0;                           ///< of frames that must be in memory together, at the end
    std::uint64_t rows_bytes = 0;    ///< of events that are being sorted
    std::uint64_t report_bytes = 0;  ///< of what makes Parquet of the report, after all else
};
/// Errors: LimitExceeded for less than what the threads need.
Result<MemoryPlan> plan_memory(std::uint64_t memory_bytes, unsigned threads, const InS3& where);

}  // namespace larmor::reassembly::run
