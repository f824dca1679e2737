#include "reassembly/run/reassemble.h"

#include <future>

#include "reassembly/run/archive_queue.h"
#include "reassembly/run/build_side.h"
#include "reassembly/run/checkpoints.h"
#include "reassembly/run/parquet_report.h"
#include "reassembly/run/probe_side.h"
#include "reassembly/run/restore_archives.h"
#include "reassembly/run/s3_output.h"
#include "reassembly/run/settle.h"
#include "reassembly/run/threads.h"

namespace larmor::reassembly::run {
namespace {

using Archives = std::vector<ArchiveFile>;

struct Reported {
    Counts counts;
    std::vector<Report::File> files;
};

/// One attempt at a run.
class Reassembly {
public:
    Reassembly(const Request& request, Progress& progress, restore::Restores* restores,
               const OutputFolder& folder, Output& output, const MemoryPlan& memory)
        : request_(request),
          progress_(progress),
          restores_(restores),
          folder_(folder),
          output_(output),
          memory_(memory) {}

    Result<Reported> run(const Report::Archives& archives) {
        if (!request_.member_pattern.empty()) {
            TRY(names_, fuse::MemberNames::with_pattern(request_.member_pattern));
        }
        TRY_VOID(begin(archives));
        Checkpoints checkpoints({output_, *store_, *events_, *frames_}, begun_,
                                request_.checkpoint_interval);
        checkpoints_ = &checkpoints;
        progress_.step = Step::Metadata;
        const bool is_built = begun_.all_done(Side::Metadata) && begun_.spool.size_bytes > 0;
        TRY_VOID(build(is_built ? Archives() : archives.metadata));
        if (!is_built) TRY_VOID(checkpoints.side_done(Side::Metadata));
        progress_.step = Step::Index;
        TRY_VOID(store_->finish());
        progress_.step = Step::Images;
        if (!begun_.all_done(Side::Image)) {
            TRY_VOID(probe(archives.images));
            TRY_VOID(checkpoints.side_done(Side::Image));
        }
        progress_.step = Step::Report;
        // The disk goes on with the files while their events are put in order.
        auto synced = std::async(std::launch::async, [this] { return output_.sync(); });
        TRY(auto reported, settle(archives, checkpoints.last()));
        TRY_VOID(synced.get());
        return reported;
    }

private:
    /// Opens the files of the run, new or as they were at the checkpoint.
    Result<void> begin(const Report::Archives& archives) {
        const auto& before = folder_.checkpoint();
        auto& begun = begun_;
        if (before) {
            begun = *before;
            memory_.member_max_bytes = begun.member_max_bytes;
            memory_.frames_max_bytes = begun.frames_max_bytes;
        } else {
            begun.archives = {std::vector<Checkpoint::Archive>(archives.metadata.size()),
                              std::vector<Checkpoint::Archive>(archives.images.size())};
            begun.member_max_bytes = memory_.member_max_bytes;
            begun.frames_max_bytes = memory_.frames_max_bytes;
        }
        TRY(events_, RowSorter::open({.path = folder_.scratch(OutputFolder::kEvents),
                                      .memory_bytes = memory_.rows_bytes,
                                      .writers = memory_.probe_threads},
                                     before ? &begun.events : nullptr));
        TRY(frames_, FrameFile::open(folder_.scratch(OutputFolder::kFrames),
                                     before ? std::optional(begun.frames_end) : std::nullopt));
        const MetadataStore::Options options{.folder = folder_.scratch_folder(),
                                             .spool = folder_.scratch(OutputFolder::kSpool),
                                             .index_bytes = memory_.index_bytes,
                                             .spool_bytes = memory_.spool_bytes,
                                             .threads = request_.threads,
                                             .uid_hash_mask = request_.uid_hash_mask};
        if (before) {
            TRY(store_, MetadataStore::reopen(options, begun.spool,
                                              [&](std::uint64_t block, std::uint32_t archive) {
                                                  return begun.counts_record(block, archive);
                                              }));
        } else {
            TRY(store_, MetadataStore::create(options));
        }
        begun.first_blocks.push_back(begun.spool.block_count);
        return {};
    }

    ArchiveQueue queue_of(Side side, const Archives& archives) {
        std::vector<std::uint32_t> readable;
        for (std::uint32_t i = 0; i < archives.size(); ++i) {
            const bool is_done = begun_.archive(side, i).attempt > 0;
            const bool is_awaited = restores_ != nullptr && archives[i].is_cold;
            if (!is_done && !is_awaited) readable.push_back(i);
        }
        return {std::move(readable), restores_, static_cast<unsigned>(side)};
    }

    template <typename Visitor>
    Result<void> scan_all(Side side, const Archives& archives, ArchiveQueue& queue,
                          const std::atomic<bool>& failed, Visitor& visitor) {
        for (;;) {
            TRY(const auto next, queue.next([&] { return failed || progress_.stop; }));
            if (!next && progress_.stop) {
                return fail(ErrorCode::Cancelled, "stopped before the end");
            }
            if (!next) return {};
            TRY(const auto members,
                scan_archive({side, *next, &archives[*next], begun_.attempt()}, names_,
                             progress_, visitor));
            TRY_VOID(checkpoints_->archive_done(side, *next, members));
        }
    }

    Result<void> build(const Archives& archives) {
        auto queue = queue_of(Side::Metadata, archives);
        return in_threads(
            request_.threads,
            [&](unsigned thread, const std::atomic<bool>& failed) -> Result<void> {
                BuildSide side(*store_, *events_, memory_, thread);
                TRY_VOID(scan_all(Side::Metadata, archives, queue, failed, side));
                return side.close();
            });
    }

    Result<void> probe(const Archives& archives) {
        const InstanceWriter writer(output_, request_.fuse);
        const ProbeShared shared{*store_, *frames_, *events_, writer, memory_, progress_};
        auto queue = queue_of(Side::Image, archives);
        return in_threads(
            memory_.probe_threads,
            [&](unsigned thread, const std::atomic<bool>& failed) -> Result<void> {
                TRY(auto side, ProbeSide::create(shared, thread));
                return scan_all(Side::Image, archives, queue, failed, side);
            });
    }

    Result<Reported> settle(const Report::Archives& archives, const Checkpoint& done) {
        TRY(auto finder, MetadataFinder::create(*store_));
        const bool is_parquet = request_.report_format == ReportFormat::Parquet;
        TRY(auto report,
            Report::create(is_parquet ? folder_.report_lines() : folder_.report(), archives));
        const InstanceWriter writer(output_, request_.fuse);
        Settler settler({output_, finder, *frames_, memory_.frames_max_bytes, writer, report});
        TRY_VOID(events_->merge([&](std::string_view row) -> Result<void> {
            if (progress_.stop) return fail(ErrorCode::Cancelled, "stopped before the end");
            TRY(auto event, decode_event(row));
            return done.counts(event) ? settler.add(std::move(event)) : Result<void>();
        }));
        TRY_VOID(settler.finish());
        TRY_VOID(report.finish());
        auto& counts = report.counts();
        for (const auto& archive : done.archives[0]) counts.metadata.members += archive.members;
        for (const auto& archive : done.archives[1]) counts.images.members += archive.members;
        return Reported{counts, report.files()};
    }

    const Request& request_;
    Progress& progress_;
    restore::Restores* const restores_;  ///< null where nothing has to be restored
    const OutputFolder& folder_;
    Output& output_;
    MemoryPlan memory_;
    fuse::MemberNames names_;
    std::optional<RowSorter> events_;
    std::optional<FrameFile> frames_;
    std::unique_ptr<MetadataStore> store_;
    Checkpoint begun_;  ///< where this attempt began
    Checkpoints* checkpoints_ = nullptr;
};

/// Where a run goes to, and the folder that it works in.
struct Destination {
    std::unique_ptr<OutputFolder> folder;
    std::unique_ptr<objects::s3::Client> client;
    std::unique_ptr<Output> output;
    std::optional<std::string> finished{};  ///< what `complete.json` says

    static Result<Destination> open(const Request& request, const MemoryPlan& memory,
                                    const std::string& print) {
        Destination to;
        if (!objects::s3::is_s3_address(request.output.string())) {
            TRY_VOID(to.open_folder(request, request.output, print));
            if (to.folder->is_of_s3()) return another_run(*to.folder, "into S3");
            to.finished = to.folder->finished();
            to.output = output_to(*to.folder, memory.probe_threads);
            return to;
        }
        if (request.work_folder.empty()) {
            return fail(ErrorCode::InvalidInput,
                        "where the output is in S3, a folder here has to be named that the run "
                        "can work in");
        }
        TRY(const auto address, objects::s3::read_address(request.output.string()));
        TRY(auto options,
            objects::s3::client_options(address, objects::s3::environment_variable));
        options.connections.count_max = memory.probe_threads + 1;
        TRY(to.client, objects::s3::Client::open(std::move(options)));
        TRY_VOID(to.open_folder(request, request.work_folder, print));
        if (to.folder->checkpoint() && !to.folder->is_of_s3()) {
            return another_run(*to.folder, "into that folder");
        }
        TRY(auto output, S3Output::open(*to.client, address, *to.folder, print));
        to.finished = output->finished();
        to.output = std::move(output);
        return to;
    }
    static tl::unexpected<Error> another_run(const OutputFolder& folder,
                                             std::string_view where) {
        return fail(ErrorCode::Conflict, folder.path().string() +
                                             (folder.finished() ? " holds a finished run "
                                                                : " holds an unfinished run ") +
                                             std::string(where));
    }
    Result<void> open_folder(const Request& request, const std::filesystem::path& path,
                             const std::string& print) {
        TRY(auto opened, OutputFolder::open(path, request.spool_folder, print));
        folder = std::make_unique<OutputFolder>(std::move(opened));
        return {};
    }
};

/// What is to read; what was done before is not.
void expect(const Archives& archives, const std::vector<Checkpoint::Archive>* before,
            SideProgress& side) {
    for (std::size_t i = 0; i < archives.size(); ++i) {
        if (before != nullptr && (*before)[i].attempt > 0) continue;
        ++side.archives;
        side.bytes += archives[i].size_bytes;
    }
}

}  // namespace

Result<Outcome> reassemble(const Request& request, Progress& progress) {
    TRY(const auto memory, plan_memory(request.memory_bytes, request.threads, in_s3(request)));
    if (request.report_format == ReportFormat::Parquet) TRY_VOID(check_parquet());
    TRY(const auto metadata, list_archives(request.metadata));
    TRY(const auto images, list_archives(request.images));
    const auto print = fingerprint(request, metadata, images);
    TRY(auto to, Destination::open(request, memory, print));
    Outcome outcome;
    if (to.finished) {
        outcome.complete_json = *to.finished;
        outcome.was_done = true;
        return outcome;
    }
    const auto& before = to.folder->checkpoint();
    expect(metadata, before ? &before->archives[0] : nullptr, progress.metadata);
    expect(images, before ? &before->archives[1] : nullptr, progress.images);
    outcome.archives_before =
        metadata.size() + images.size() - progress.metadata.archives - progress.images.archives;
    const Report::Archives archives{metadata, images};
    TRY(const std::unique_ptr<restore::Restores> restores,
        restore_archives(request, archives, before, progress));
    TRY(const auto reported,
        Reassembly(request, progress, restores.get(), *to.folder, *to.output, memory)
            .run(archives));
    if (request.report_format == ReportFormat::Parquet) {
        // By now the run has given its memory back.
        TRY_VOID(write_parquet(reported.files, {.scratch = to.folder->report_lines(),
                                                .to = to.folder->report(),
                                                .memory_bytes = memory.report_bytes}));
    }
    outcome.counts = reported.counts;
    outcome.image_bytes = progress.images.bytes;
    outcome.image_bytes_read = progress.images.bytes_read;
    outcome.complete_json =
        fingerprint_member(print) + ',' + json_members(outcome.counts) + "}\n";
    if (!outcome.counts.add_up()) {
        return fail(ErrorCode::Corrupt,
                    "a defect of ours: the counts don't add up: " + outcome.complete_json);
    }
    TRY_VOID(to.output->complete(outcome.complete_json));
    progress.step = Step::Done;
    return outcome;
}

}  // namespace larmor::reassembly::run
