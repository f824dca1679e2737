#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "ingest/walk.h"
#include "larmor/command.h"
#include "larmor/command_actor.h"
#include "larmor/disk_reserve.h"
#include "larmor/import_report.h"
#include "larmor/remote_importer.h"
#include "library/audited_destination.h"
#include "library/library.h"
#include "observe/log.h"

namespace larmor {
namespace {

struct ImportRequest {
    std::vector<std::filesystem::path> paths;
    bool keep_going = false;
    bool json = false;
    bool no_previews = false;
    DiskReserve disk_reserve;
};

enum class Previews : std::uint8_t { Now, Later };

ReportForm form_for(const ImportRequest& request) {
    if (request.json) {
        return ReportForm::Json;
    }
    return isatty(STDERR_FILENO) != 0 ? ReportForm::Terminal : ReportForm::Plain;
}

/// Where an import goes.
class Target {
public:
    virtual ~Target() = default;
    virtual ingest::Destination& destination() = 0;
    /// After all is durable: what is left to do before the command ends.
    virtual Result<void> settle() { return {}; }
};

class OwnLibrary final : public Target {
public:
    OwnLibrary(std::unique_ptr<Library> library, Previews previews)
        : library_(std::move(library)),
          destination_(library_->importer(), library_->audit(), command_actor()),
          previews_(previews) {}
    ingest::Destination& destination() override { return destination_; }
    /// Thumbnails and metadata are on their way; what is not made now is made by the next
    /// start.
    Result<void> settle() override {
        if (previews_ == Previews::Later) return {};
        const auto idle = library_->preprocessor().wait_until_idle();
        if (idle || idle.error().code != ErrorCode::NoSpace) return idle;
        // All is stored, and previews are made on the spot for those who ask.
        observe::log_warning("previews are left to the next start",
                             {{"reason", idle.error().message}});
        return {};
    }

private:
    std::unique_ptr<Library> library_;
    AuditedDestination destination_;
    Previews previews_;
};

/// The server that has the library open. It makes previews in its own time.
class ThroughServer final : public Target {
public:
    explicit ThroughServer(RunningServer server) : importer_(std::move(server)) {}
    ingest::Destination& destination() override { return importer_; }

private:
    RemoteImporter importer_;
};

Result<std::unique_ptr<Target>> open_target(const Settings& settings,
                                            const ImportRequest& request) {
    const auto previews = request.no_previews ? Previews::Later : Previews::Now;
    auto library = Library::open({.folder = settings.library,
                                  .database = settings.database,
                                  .disk_reserve_bytes = request.disk_reserve.bytes});
    if (library) {
        if (previews == Previews::Now) TRY_VOID((*library)->preprocessor().start());
        return std::make_unique<OwnLibrary>(*std::move(library), previews);
    }
    TRY(auto server, server_instead_of(library.error(), settings.library));
    observe::log_debug("importing through the running server", {{"server", server.name()}});
    return std::make_unique<ThroughServer>(std::move(server));
}

Result<ingest::ImportTally> import(const Settings& settings, const ImportRequest& request) {
    TRY(const auto target, open_target(settings, request));
    const auto form = form_for(request);
    const auto total =
        form == ReportForm::Json ? ingest::WalkTotal{} : ingest::total_size(request.paths);
    ImportReport report(form, {total.files, total.bytes});
    stop_imports_on_signals();
    const auto tally = ingest::import_paths(target->destination(), request.paths, report);
    if (tally && !report.should_stop()) {
        TRY_VOID(target->settle());
    }
    report.close();
    if (tally && report.should_stop()) {
        return fail(ErrorCode::Cancelled, "stopped before the end");
    }
    return tally;
}

int run(const Settings& settings, const ImportRequest& request) {
    const auto tally = import(settings, request);
    if (!tally) {
        return fail_command(tally.error());
    }
    return tally->rejected == 0 || request.keep_going ? kDone : kFailed;
}

}  // namespace

void add_import(CommandLine& line) {
    auto* command = line.app.add_subcommand(
        "import", "store files, folders, DICOMDIRs, tar, zip, gzip and zstd archives");
    auto request = std::make_shared<ImportRequest>();
    command->add_option("PATH", request->paths, "what to import")->required();
    command->add_flag("--keep-going", request->keep_going,
                      "exit with 0 even if files were rejected");
    command->add_flag("--json", request->json, "one JSON object a file, and one at the end");
    command->add_flag("--no-previews", request->no_previews,
                      "leave metadata and thumbnails to the next start of the server");
    add_disk_reserve(*command, request->disk_reserve);
    command->callback([&run_chosen = line.run, &settings = line.settings, request] {
        run_chosen = [&settings, request] { return larmor::run(settings, *request); };
    });
}

}  // namespace larmor
