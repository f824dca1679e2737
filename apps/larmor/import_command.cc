#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "larmor/disk_reserve.h"
#include "larmor/import_into_library.h"
#include "larmor/objects_option.h"

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

ReportForm form_for(const ImportRequest& request) {
    if (request.json) {
        return ReportForm::Json;
    }
    return isatty(STDERR_FILENO) != 0 ? ReportForm::Terminal : ReportForm::Plain;
}

Result<ingest::ImportTally> import(const Settings& settings, const ImportRequest& request) {
    ImportReport report(form_for(request), {});
    const auto tally = import_into_library(settings,
                                           {.paths = request.paths,
                                            .no_previews = request.no_previews,
                                            .objects = request.objects,
                                            .disk_reserve_bytes = request.disk_reserve.bytes},
                                           report);
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
