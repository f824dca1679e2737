#include "reassembly/run/reassemble.h"

#include "base/json_text.h"
#include "reassembly/run/build_side.h"
#include "reassembly/run/probe_side.h"
#include "reassembly/run/s3_output.h"
#include "reassembly/run/settle.h"
#include "reassembly/run/threads.h"

namespace larmor::reassembly::run {
namespace {

class Reassembly {
public:
    Reassembly(const Request& request, Progress& progress, const OutputFolder& folder,
               Output& output, const MemoryPlan& memory)
        : request_(request),
          progress_(progress),
          folder_(folder),
          output_(output),
          memory_(memory) {}

    Result<Counts> run(const Report::Archives& archives) {
        if (!request_.member_pattern.empty()) {
            TRY(names_, fuse::MemberNames::with_pattern(request_.member_pattern));
        }
        const auto folder =
            request_.spool_folder.empty() ? folder_.work() : request_.spool_folder;
        TRY(auto events, RowSorter::create(folder, memory_.rows_bytes, request_.threads));
        TRY(auto store, MetadataStore::create({.folder = folder,
                                               .index_bytes = memory_.index_bytes,
                                               .spool_bytes = memory_.spool_bytes,
                                               .threads = request_.threads,
                                               .uid_hash_mask = request_.uid_hash_mask}));
        progress_.step = Step::Metadata;
        TRY_VOID(build(archives.metadata, *store, events));
        progress_.step = Step::Index;
        TRY_VOID(store->finish());
        progress_.step = Step::Images;
        TRY(auto shelf, FrameShelf::create(folder, memory_.frames_bytes));
        TRY_VOID(probe(archives.images,
                       {*store, shelf, events, output_, request_.fuse, memory_, progress_}));
        progress_.step = Step::Report;
        return settle(archives, *store, events);
    }

private:
    template <typename Visitor>
    Result<void> scan_all(Side side, const std::vector<ArchiveFile>& archives,
                          std::atomic<std::size_t>& next, const std::atomic<bool>& failed,
                          Visitor& visitor) {
        for (;;) {
            const auto number = next.fetch_add(1);
            if (number >= archives.size() || failed) return {};
            TRY_VOID(scan_archive({side, static_cast<std::uint32_t>(number), &archives[number]},
                                  names_, progress_, visitor));
        }
    }

    Result<void> build(const std::vector<ArchiveFile>& archives, MetadataStore& store,
                       RowSorter& events) {
        std::atomic<std::size_t> next{0};
        return in_threads(
            request_.threads,
            [&](unsigned thread, const std::atomic<bool>& failed) -> Result<void> {
                BuildSide side(store, events, memory_, thread);
                TRY_VOID(scan_all(Side::Metadata, archives, next, failed, side));
                return side.close();
            });
    }

    Result<void> probe(const std::vector<ArchiveFile>& archives, const ProbeShared& shared) {
        std::atomic<std::size_t> next{0};
        TRY_VOID(
            in_threads(request_.threads,
                       [&](unsigned thread, const std::atomic<bool>& failed) -> Result<void> {
                           TRY(auto side, ProbeSide::create(shared, thread));
                           TRY_VOID(scan_all(Side::Image, archives, next, failed, side));
                           return side.flush();
                       }));
        // Instances whose frames never were all there: what is missing is said when all events
        // of the UID are together.
        for (const auto& instance : shared.shelf.unfinished()) {
            Event file;
            file.uid = instance.uid;
            file.side = Side::Image;
            file.about = About::File;
            file.fate = Fate::Conflict;
            file.reason = "Number of Frames is " + std::to_string(instance.expected) +
                          ", there are " + std::to_string(instance.found);
            file.frames_expected = instance.expected;
            TRY_VOID(shared.events.add(0, encode_event(file)));
        }
        return {};
    }

    Result<Counts> settle(const Report::Archives& archives, const MetadataStore& store,
                          RowSorter& events) {
        TRY(auto finder, MetadataFinder::create(store));
        TRY(auto report, Report::create(folder_.report(), archives));
        Settler settler({output_, finder, request_.fuse, report});
        TRY_VOID(events.merge([&](std::string_view row) -> Result<void> {
            TRY(auto event, decode_event(row));
            return settler.add(std::move(event));
        }));
        TRY_VOID(settler.finish());
        TRY_VOID(report.finish());
        auto& counts = report.counts();
        counts.metadata.members = progress_.metadata.members;
        counts.images.members = progress_.images.members;
        return counts;
    }

    const Request& request_;
    Progress& progress_;
    const OutputFolder& folder_;
    Output& output_;
    const MemoryPlan& memory_;
    fuse::MemberNames names_;
};

/// Where a run goes to, and the folder that it works in.
struct Place {
    std::unique_ptr<OutputFolder> folder;
    std::unique_ptr<objects::s3::Client> client;
    std::unique_ptr<Output> output;
    std::optional<std::string> finished{};  ///< what `complete.json` says

    static Result<Place> open(const Request& request, const std::string& print) {
        Place place;
        if (!objects::s3::is_s3_address(request.output.string())) {
            TRY_VOID(place.open_folder(request.output, print));
            place.finished = place.folder->finished();
            place.output = output_to(*place.folder);
            return place;
        }
        if (request.work_folder.empty()) {
            return fail(ErrorCode::InvalidInput,
                        "where the output is in S3, a folder here has to be named that the run "
                        "can work in");
        }
        TRY(const auto address, objects::s3::read_address(request.output.string()));
        TRY(auto options,
            objects::s3::client_options(address, objects::s3::environment_variable));
        options.connections.count_max = request.threads + 1;
        TRY(place.client, objects::s3::Client::open(std::move(options)));
        TRY_VOID(place.open_folder(request.work_folder, print));
        place.finished = place.folder->finished();
        if (place.finished) return place;
        TRY(auto output, S3Output::open(*place.client, address, *place.folder, print));
        place.finished = output->finished();
        if (place.finished) TRY_VOID(place.folder->complete(*place.finished));
        place.output = std::move(output);
        return place;
    }
    Result<void> open_folder(const std::filesystem::path& path, const std::string& print) {
        TRY(auto opened, OutputFolder::open(path, print));
        folder = std::make_unique<OutputFolder>(std::move(opened));
        return {};
    }
};

void expect(const std::vector<ArchiveFile>& archives, SideProgress& side) {
    side.archives = archives.size();
    for (const auto& archive : archives) side.bytes += archive.size_bytes;
}

}  // namespace

Result<Outcome> reassemble(const Request& request, Progress& progress) {
    TRY(const auto memory, plan_memory(request.memory_bytes, request.threads));
    TRY(const auto metadata, list_archives(request.metadata));
    TRY(const auto images, list_archives(request.images));
    expect(metadata, progress.metadata);
    expect(images, progress.images);
    const auto print = fingerprint(request, metadata, images);
    TRY(auto place, Place::open(request, print));
    Outcome outcome;
    if (place.finished) {
        outcome.complete_json = *place.finished;
        outcome.was_done = true;
        return outcome;
    }
    TRY(outcome.counts, Reassembly(request, progress, *place.folder, *place.output, memory)
                            .run({metadata, images}));
    outcome.image_bytes = progress.images.bytes;
    outcome.image_bytes_read = progress.images.bytes_read;
    outcome.complete_json = "{\"fingerprint\":" + to_json_string(print) + ',' +
                            json_members(outcome.counts) + "}\n";
    if (!outcome.counts.add_up()) {
        return fail(ErrorCode::Corrupt,
                    "a defect of ours: the counts don't add up: " + outcome.complete_json);
    }
    TRY_VOID(place.output->complete(outcome.complete_json));
    progress.step = Step::Done;
    return outcome;
}

}  // namespace larmor::reassembly::run
