#include "reassembly/run/request.h"

#include "base/hash.h"

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

Result<MemoryPlan> plan_memory(std::uint64_t memory_bytes, unsigned threads) {
    constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
    // The program itself; for each thread, 4,096 partitions that are being filled, pieces of
    // archives, compressors.
    constexpr std::uint64_t kProgramBytes = 64 * kMiB, kThreadBytes = 64 * kMiB;
    const auto least = kProgramBytes + kThreadBytes * threads;
    if (memory_bytes < least) {
        return fail(ErrorCode::LimitExceeded, "re-assembly with " + std::to_string(threads) +
                                                  " threads takes no less than " +
                                                  std::to_string(least / kMiB) +
                                                  " MiB of memory");
    }
    const auto left = memory_bytes - kProgramBytes;
    MemoryPlan plan;
    plan.index_bytes = left / 2;
    plan.spool_bytes = left / 8;
    plan.probe_threads = 2 * threads;
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
