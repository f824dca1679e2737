#include "library/library.h"

#include "jobs/dispatch.h"
#include "jobs/import_events.h"
#include "library/job_kinds.h"

namespace larmor {

Result<std::unique_ptr<Library>> Library::open(const LibraryOptions& options) {
    auto library = std::unique_ptr<Library>(new Library);
    TRY(library->import_places_, objects::s3::AllowedPlaces::read(options.import_places));
    if (!library->import_places_.empty()) {
        // Now, and not when somebody imports.
        TRY_VOID(objects::s3::find_credentials(objects::s3::environment_variable));
    }
    TRY(library->core_, Core::open(options));
    auto& core = *library->core_;
    TRY(const auto access_keys,
        auth::AccessKeyRoot::open(options.folder / "access_keys.secret"));
    TRY(library->credentials_,
        auth::Credentials::open(core.database(), *options.clock, access_keys));
    audit::LogOptions audit;
    audit.trail.folder = options.folder / "audit";
    audit.trail.fail_syncs = options.fail_audit_syncs;
    audit.clock = options.clock;
    TRY(library->audit_, audit::Log::open(std::move(audit)));
    library->importer_ = std::make_unique<ingest::Importer>(ingest::Importer::Services{
        core.database(), core.store(), core.catalog(), core.pool(), core.admission()});
    retention::Purger::Options purger;
    purger.clock = options.clock;
    library->purger_ = std::make_unique<retention::Purger>(
        retention::Purger::Services{core.database(), core.store(), core.catalog(),
                                    *library->audit_, core.admission()},
        std::move(purger));
    library->jobs_ = std::make_unique<jobs::Jobs>(*options.clock, jobs_keep(),
                                                  &library->job_bell_, library->job_events());
    TRY(library->job_queue_, core.queues().open(jobs::kJobQueue));
    library->job_kinds_ = make_job_kinds(core, {.importer = *library->importer_,
                                                .log = *library->audit_,
                                                .index_targets = library->index_targets_,
                                                .import_places = library->import_places_});
    return library;
}

Library::~Library() = default;

jobs::Jobs::StateChanged Library::job_events() {
    return jobs::ImportEvents(core_->events(), core_->catalog().datastore_id());
}

}  // namespace larmor
