#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "ingest/walk.h"
#include "larmor/command.h"
#include "larmor/import_report.h"
#include "library/library.h"

namespace larmor {
namespace {

struct ImportRequest {
    std::vector<std::filesystem::path> paths;
    bool keep_going = false;
    bool json = false;
    bool no_previews = false;
};

ReportForm form_for(const ImportRequest& request) {
    if (request.json) {
        return ReportForm::Json;
    }
    return isatty(STDERR_FILENO) != 0 ? ReportForm::Terminal : ReportForm::Plain;
}

Result<ingest::ImportTally> import(const Settings& settings, const ImportRequest& request) {
    TRY(const auto library, Library::open({.folder = settings.library}));
    if (!request.no_previews) {
        library->preprocessor().start();
    }
    const auto form = form_for(request);
    const auto total =
        form == ReportForm::Json ? ingest::WalkTotal{} : ingest::total_size(request.paths);
    ImportReport report(form, {total.files, total.bytes});
    stop_imports_on_signals();
    TRY(const auto tally, ingest::import_paths(library->importer(), request.paths, report));
    // Everything is durable by now; thumbnails and metadata are on their way, and what is not
    // made now is made by the next start.
    if (!request.no_previews && !report.should_stop()) {
        TRY_VOID(library->preprocessor().wait_until_idle());
    }
    report.close(tally);
    if (report.should_stop()) {
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
    command->callback([&run_ = line.run, &settings = line.settings, request] {
        run_ = [&settings, request] { return larmor::run(settings, *request); };
    });
}

}  // namespace larmor
