#include "larmor/import_into_library.h"

#include "ingest/walk.h"
#include "larmor/command_actor.h"
#include "larmor/import_through_server.h"
#include "library/audited_destination.h"
#include "library/library.h"
#include "observe/log.h"

namespace larmor {
namespace {

/// Thumbnails and metadata are on their way; what is not made now is made by the next start.
Result<void> wait_for_previews(Library& library) {
    const auto idle = library.preprocessor().wait_until_idle();
    if (idle || idle.error().code != ErrorCode::NoSpace) return idle;
    // All is stored, and previews are made on the spot for those who ask.
    observe::log_warning("previews are left to the next start",
                         {{"reason", idle.error().message}});
    return {};
}

Result<ingest::ImportTally> import_here(Library& library, const ImportWork& work,
                                        ImportReport& report) {
    if (!work.no_previews) TRY_VOID(library.preprocessor().start());
    if (report.form() != ReportForm::Json) {
        const auto total = ingest::total_size(work.paths);
        report.expect({total.files, total.bytes});
    }
    stop_imports_on_signals();
    AuditedDestination destination(library.importer(), library.audit(), command_actor());
    TRY(const auto tally, ingest::import_paths(destination, work.paths, report));
    if (report.should_stop()) return fail(ErrorCode::Cancelled, "stopped before the end");
    if (!work.no_previews) TRY_VOID(wait_for_previews(library));
    return tally;
}

}  // namespace

Result<ingest::ImportTally> import_into_library(const Settings& settings,
                                                const ImportWork& work, ImportReport& report) {
    const auto library = Library::open({.folder = settings.library,
                                        .database = settings.database,
                                        .objects = work.objects,
                                        .disk_reserve_bytes = work.disk_reserve_bytes});
    if (library) return import_here(**library, work, report);
    TRY(const auto server, server_instead_of(library.error(), settings.library));
    return import_through_server(server, work.paths, report);
}

}  // namespace larmor
