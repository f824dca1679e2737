#include "reassembly/run/request.h"

#include <algorithm>

#include "base/hash.h"
#include "base/json_text.h"
#include "objects/s3/address.h"

namespace larmor::reassembly::run {

std::string fingerprint(const Request& request, const std::vector<ArchiveFile>& metadata,
                        const std::vector<ArchiveFile>& images) {
    // A new version where the same archives give other files or another report.
    std::string text = "larmor reassembly 3\n" + request.member_pattern + '\n';
    text += request.fuse.raw_order == fuse::RawOrder::Big ? "big\n" : "little\n";
    text += request.fuse.allow_incomplete ? "incomplete\n" : "complete\n";
    if (request.report_format == ReportFormat::Parquet) text += "parquet\n";
    for (const auto* side : {&metadata, &images}) {
        for (const auto& archive : *side) {
            text += std::to_string(archive.key.size()) + ' ' + archive.key + ' ' +
                    std::to_string(archive.size_bytes) + ' ' +
                    std::to_string(archive.modified_ns) + archive.etag + '\n';
        }
        text += "--\n";
    }
    return to_hex(sha256(as_bytes(text)));
}

std::string fingerprint_member(const std::string& fingerprint) {
    return "{\"fingerprint\":" + to_json_string(fingerprint);
}

InS3 in_s3(const Request& request) {
    const auto is_there = [](const std::filesystem::path& path) {
        return objects::s3::is_s3_address(path.string());
    };
    return {.archives = std::ranges::any_of(request.metadata, is_there) ||
                        std::ranges::any_of(request.images, is_there),
            .output = is_there(request.output)};
}

Result<MemoryPlan> plan_memory(std::uint64_t memory_bytes, unsigned threads,
                               const InS3& where) {
    constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
    // The program itself; for each thread, 4,096 partitions that are being filled, pieces of
    // archives, compressors.
    constexpr std::uint64_t kProgramBytes = 64 * kMiB, kThreadBytes = 64 * kMiB;
    constexpr std::uint64_t kPieceBytes = kMiB;
    const std::uint64_t probe_threads = 2 * threads;
    const auto under_way = probe_threads * ((where.archives ? 2 * kArchiveWindowBytes : 0) +
                                            (where.output ? kPutBytes + kPieceBytes : 0));
    const auto least = kProgramBytes + kThreadBytes * threads + under_way;
    if (memory_bytes < least) {
        return fail(ErrorCode::LimitExceeded, "re-assembly with " + std::to_string(threads) +
                                                  " threads takes no less than " +
                                                  std::to_string(least / kMiB) +
                                                  " MiB of memory");
    }
    const auto left = memory_bytes - kProgramBytes - under_way;
    MemoryPlan plan;
    plan.index_bytes = left / 2;
    plan.spool_bytes = left / 8;
    plan.probe_threads = static_cast<unsigned>(probe_threads);
    plan.gathered_bytes = left / 16 / plan.probe_threads;
    // The end has one thread, and what windows and members took.
    plan.frames_max_bytes = left / 4;
    plan.rows_bytes = left / 16;
    plan.report_bytes = left / 2;
    plan.window_bytes = left / 16 / plan.probe_threads;
    plan.member_max_bytes = left / 8 / plan.probe_threads;
    return plan;
}

}  // namespace larmor::reassembly::run
