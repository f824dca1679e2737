#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <condition_variable>
#include <cstdio>
#include <thread>

#include "larmor/disk_reserve.h"
#include "larmor/import_into_library.h"
#include "objects/s3/address.h"
#include "reassembly/run/reassemble.h"

namespace larmor {
namespace {

using reassembly::run::Outcome;
using reassembly::run::Progress;
using reassembly::run::SideCounts;
using reassembly::run::SideProgress;
using reassembly::run::Step;
using Steady = std::chrono::steady_clock;

struct ReassembleRequest {
    reassembly::run::Request run;
    std::string raw_endian = "little";
    std::string report_format = "ndjson";
    double checkpoint_seconds = 30;
    std::string restore_tier;
    restore::Options restore_options;
    double restore_poll_seconds = 60;
    bool as_json = false;
    bool into_library = false;
    DiskReserve disk_reserve;
};

/// Says how far a run is, from a thread of its own, and passes on that it shall stop.
class ReassembleProgress {
public:
    ReassembleProgress(Progress& progress, bool is_silent)
        : progress_(progress), is_silent_(is_silent), thread_([this] { work(); }) {}
    ReassembleProgress(const ReassembleProgress&) = delete;
    ReassembleProgress& operator=(const ReassembleProgress&) = delete;
    ~ReassembleProgress() {
        {
            const std::scoped_lock lock(mutex_);
            is_done_ = true;
        }
        woken_.notify_all();
        thread_.join();
        if (line_open_) std::fputs("\r\x1b[K", stderr);
    }

private:
    void work() {
        using namespace std::chrono_literals;
        const auto pause = is_terminal_ ? 200ms : 10000ms;
        auto shown = Steady::now();
        std::unique_lock lock(mutex_);
        while (!woken_.wait_for(lock, 200ms, [this] { return is_done_; })) {
            if (should_stop_on_signal()) progress_.stop = true;
            if (is_silent_ || Steady::now() - shown < pause) continue;
            shown = Steady::now();
            show();
        }
    }

    void show() {
        const Step step = progress_.step;
        const bool is_image = step == Step::Images;
        if (step != Step::Metadata && !is_image) return;
        if (step != step_) since_ = Steady::now();
        step_ = step;
        const SideProgress& side = is_image ? progress_.images : progress_.metadata;
        const auto seconds = std::chrono::duration<double>(Steady::now() - since_).count();
        const auto read = static_cast<double>(side.bytes_read);
        const auto left = (static_cast<double>(side.bytes) - read) * seconds / read;
        std::fprintf(stderr,
                     "%s%s: %llu of %llu archives, %.2f of %.2f GB, %.0f members/s, %llu "
                     "matched, %s left%s%s",
                     is_terminal_ ? "\r\x1b[K" : "", is_image ? "images" : "metadata",
                     static_cast<unsigned long long>(side.archives_done),
                     static_cast<unsigned long long>(side.archives), read / 1e9,
                     static_cast<double>(side.bytes) / 1e9,
                     static_cast<double>(side.members) / std::max(seconds, 0.001),
                     static_cast<unsigned long long>(progress_.matched),
                     format_duration(left).c_str(), restored().c_str(),
                     is_terminal_ ? "" : "\n");
        line_open_ = is_terminal_;
    }

    /// How many archives are out of a cold tier, while some are not.
    std::string restored() const {
        const auto& restore = progress_.restores;
        const std::uint64_t all = restore.objects, ready = restore.restored;
        if (ready == all) return {};
        std::array<char, 128> text{};
        std::snprintf(
            text.data(), text.size(), "; %llu of %llu archives restored, %.2f of %.2f GB",
            static_cast<unsigned long long>(ready), static_cast<unsigned long long>(all),
            static_cast<double>(restore.restored_bytes) / 1e9,
            static_cast<double>(restore.bytes) / 1e9);
        return text.data();
    }

    Progress& progress_;
    const bool is_silent_;
    const bool is_terminal_ = isatty(STDERR_FILENO) != 0;
    Step step_ = Step::Preparing;
    Steady::time_point since_ = Steady::now();
    bool line_open_ = false;
    bool is_done_ = false;
    std::mutex mutex_;
    std::condition_variable woken_;
    std::thread thread_;  ///< last: it uses all above
};

void print_side(const char* name, const SideCounts& counts) {
    std::printf(
        "%s: %llu members = %llu written + %llu duplicates + %llu orphans + %llu incomplete + "
        "%llu conflicts + %llu corrupt + %llu skipped\n",
        name, static_cast<unsigned long long>(counts.members),
        static_cast<unsigned long long>(counts.written),
        static_cast<unsigned long long>(counts.duplicates),
        static_cast<unsigned long long>(counts.orphans),
        static_cast<unsigned long long>(counts.incomplete),
        static_cast<unsigned long long>(counts.conflicts),
        static_cast<unsigned long long>(counts.corrupt),
        static_cast<unsigned long long>(counts.skipped));
}

void print_outcome(const Outcome& outcome) {
    print_side("metadata", outcome.counts.metadata);
    print_side("images", outcome.counts.images);
    const auto read = static_cast<double>(outcome.image_bytes_read);
    const auto size = static_cast<double>(outcome.image_bytes);
    if (outcome.archives_before > 0) {
        std::printf("went on with a run of which %llu archives were done\n",
                    static_cast<unsigned long long>(outcome.archives_before));
    }
    std::printf("image archives: %llu bytes read of %llu (%.2f)\n",
                static_cast<unsigned long long>(outcome.image_bytes_read),
                static_cast<unsigned long long>(outcome.image_bytes),
                size > 0 ? read / size : 1.0);
    std::printf("re-assembled %llu instances, %llu bytes\n",
                static_cast<unsigned long long>(outcome.counts.instances),
                static_cast<unsigned long long>(outcome.counts.bytes));
}

/// What the command line says as text.
void take_choices(ReassembleRequest& request) {
    using objects::s3::RestoreTier;
    auto& run = request.run;
    if (request.raw_endian == "big") run.fuse.raw_order = reassembly::fuse::RawOrder::Big;
    if (request.report_format == "parquet") {
        run.report_format = reassembly::run::ReportFormat::Parquet;
    }
    const auto milliseconds = [](double seconds) {
        return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
    };
    run.checkpoint_interval = milliseconds(request.checkpoint_seconds);
    if (request.restore_tier.empty()) return;
    request.restore_options.tier = request.restore_tier == "expedited"  ? RestoreTier::Expedited
                                   : request.restore_tier == "standard" ? RestoreTier::Standard
                                                                        : RestoreTier::Bulk;
    request.restore_options.poll_interval = milliseconds(request.restore_poll_seconds);
    run.restore_options = request.restore_options;
}

/// Moves the instances of a finished run into the library: a file is removed only when all are
/// stored, so that the same command can be given again after any stop. Says whether all are.
Result<bool> move_into_library(const Settings& settings, const ReassembleRequest& request) {
    const auto instances = request.run.output / "instances";
    std::error_code error;
    if (!std::filesystem::exists(instances, error)) return true;
    const bool is_terminal = isatty(STDERR_FILENO) != 0;
    ImportReport report(request.as_json ? ReportForm::Json
                        : is_terminal   ? ReportForm::Terminal
                                        : ReportForm::Plain,
                        {});
    const auto tally = import_into_library(
        settings, {.paths = {instances}, .disk_reserve_bytes = request.disk_reserve.bytes},
        report);
    report.close();
    if (!tally) return tl::unexpected(tally.error());
    if (tally->rejected > 0) return false;
    std::filesystem::remove_all(instances, error);
    if (error) return system_failure("remove " + instances.string(), error.value());
    return true;
}

int reassemble(const Settings& settings, ReassembleRequest request) {
    if (request.into_library && objects::s3::is_s3_address(request.run.output.string())) {
        return fail_command(
            {ErrorCode::InvalidInput,
             "--into-library takes instances from a folder: --out must be one"});
    }
    take_choices(request);
    stop_imports_on_signals();
    Progress progress;
    Result<Outcome> outcome;
    {
        const ReassembleProgress shown(progress, request.as_json);
        outcome = reassembly::run::reassemble(request.run, progress);
    }
    if (!outcome) return fail_command(outcome.error());
    if (request.as_json) {
        std::fputs(outcome->complete_json.c_str(), stdout);
    } else if (outcome->was_done) {
        std::puts("this run is finished already: nothing to do");
    } else {
        print_outcome(*outcome);
    }
    if (!request.into_library) return kDone;
    const auto moved = move_into_library(settings, request);
    if (!moved) return fail_command(moved.error());
    return *moved ? kDone : kFailed;
}

}  // namespace

void add_reassemble(CommandLine& line) {
    auto* command = line.app.add_subcommand(
        "reassemble", "put metadata and image archives together again as DICOM files");
    auto request = std::make_shared<ReassembleRequest>();
    auto& run = request->run;
    run.threads = std::max(1U, std::thread::hardware_concurrency());
    command
        ->add_option("--metadata", run.metadata,
                     "archives of metadata, or folders of them; in S3 as "
                     "s3://BUCKET/PREFIX?endpoint=URL")
        ->required();
    command
        ->add_option("--images", run.images,
                     "archives of images, or folders of them; in S3 likewise")
        ->required();
    command
        ->add_option("--out", run.output,
                     "folder for instances and report, or a place in S3; new, or empty")
        ->required();
    command->add_option("--work", run.work_folder,
                        "where --out is in S3: folder here for what waits and for the report");
    command->add_option("--memory", run.memory_bytes, "that it may take: 20GiB, 512MiB")
        ->transform(CLI::AsSizeValue(false))
        ->capture_default_str();
    command->add_option("--spool", run.spool_folder,
                        "folder for what the run works with until it ends; else in --out");
    command
        ->add_option("--checkpoint-seconds", request->checkpoint_seconds,
                     "between checkpoints, each behind an archive; 0: behind every one")
        ->check(CLI::Range(0.0, 86400.0))
        ->capture_default_str();
    auto* const tier =
        command
            ->add_option("--restore", request->restore_tier,
                         "have archives of a cold tier restored first: bulk, standard or "
                         "expedited, which cost what `larmor plan reassembly` says")
            ->check(CLI::IsMember({"bulk", "standard", "expedited"}));
    command
        ->add_option("--restore-days", request->restore_options.days,
                     "that restored copies are kept; longer where the run needs them longer")
        ->needs(tier)
        ->check(CLI::Range(1, 365))
        ->capture_default_str();
    command
        ->add_option("--restore-poll-seconds", request->restore_poll_seconds,
                     "between looks at what is being restored")
        ->needs(tier)
        ->check(CLI::Range(0.1, 86400.0))
        ->capture_default_str();
    command->add_option("--member-pattern", run.member_pattern,
                        "regular expression over paths of members, with (?<uid>...) and, if "
                        "wished, (?<frame>...) and (?<ext>...)");
    command->add_option("--raw-endian", request->raw_endian, "of .raw and .bin: little or big")
        ->check(CLI::IsMember({"little", "big"}))
        ->capture_default_str();
    command
        ->add_option(
            "--report-format", request->report_format,
            "of the files of report/: ndjson, or parquet, which takes DuckDB's library")
        ->check(CLI::IsMember({"ndjson", "parquet"}))
        ->capture_default_str();
    command->add_flag("--allow-incomplete", run.fuse.allow_incomplete,
                      "write instances with elements that are in neither half");
    command->add_option("--threads", run.threads, "one a processor")
        ->check(CLI::Range(1, 256))
        ->capture_default_str();
    command->add_flag("--into-library", request->into_library,
                      "import the instances when all are there, as `larmor import` does, and "
                      "remove them from --out");
    add_disk_reserve(*command, request->disk_reserve);
    command->add_flag("--json", request->as_json,
                      "one JSON object at the end; then the lines of an import");
    command->callback([&run_chosen = line.run, &settings = line.settings, request] {
        run_chosen = [&settings, request] { return reassemble(settings, *request); };
    });
}

}  // namespace larmor
