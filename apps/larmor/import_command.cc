#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "ingest/walk.h"
#include "larmor/command.h"
#include "larmor/command_actor.h"
#include "larmor/disk_reserve.h"
#include "larmor/import_report.h"
#include "larmor/import_through_server.h"
#include "larmor/objects_option.h"
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
    std::string objects;  ///< see LibraryOptions
    DiskReserve disk_reserve;
};

enum class Previews : std::uint8_t { Now, Later };

ReportForm form_for(const ImportRequest& request) {
    if (request.json) {
        return ReportForm::Json;
    }
    return isatty(STDERR_FILENO) != 0 ? ReportForm::Terminal : ReportForm::Plain;
}

/// Thumbnails and metadata are on their way; what is not made now is made by the next start.
Result<void> wait_for_previews(Library& library) {
    const auto idle = library.preprocessor().wait_until_idle();
    if (idle || idle.error().code != ErrorCode::NoSpace) return idle;
    // All is stored, and previews are made on the spot for those who ask.
    observe::log_warning("previews are left to the next start",
                         {{"reason", idle.error().message}});
    return {};
}

Result<ingest::ImportTally> import_here(Library& library, const ImportRequest& request,
                                        ImportReport& report) {
    if (!request.no_previews) TRY_VOID(library.preprocessor().start());
    if (report.form() != ReportForm::Json) {
        const auto total = ingest::total_size(request.paths);
        report.expect({total.files, total.bytes});
    }
    stop_imports_on_signals();
    AuditedDestination destination(library.importer(), library.audit(), command_actor());
    TRY(const auto tally, ingest::import_paths(destination, request.paths, report));
    if (report.should_stop()) return fail(ErrorCode::Cancelled, "stopped before the end");
    if (!request.no_previews) TRY_VOID(wait_for_previews(library));
    return tally;
}

/// Opens the library itself; where a server has it open, goes through that server, which makes
/// previews in its own time.
Result<ingest::ImportTally> import(const Settings& settings, const ImportRequest& request) {
    const auto library = Library::open({.folder = settings.library,
                                        .database = settings.database,
                                        .objects = request.objects,
                                        .disk_reserve_bytes = request.disk_reserve.bytes});
    ImportReport report(form_for(request), {});
    Result<ingest::ImportTally> tally;
    if (library) {
        tally = import_here(**library, request, report);
    } else {
        TRY(const auto server, server_instead_of(library.error(), settings.library));
        tally = import_through_server(server, request.paths, report);
    }
    report.close();
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
    add_objects_option(*command, request->objects);
    add_disk_reserve(*command, request->disk_reserve);
    command->callback([&run_chosen = line.run, &settings = line.settings, request] {
        run_chosen = [&settings, request] { return larmor::run(settings, *request); };
    });
}

}  // namespace larmor
