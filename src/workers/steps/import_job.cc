#include "workers/steps/import_job.h"

#include "workers/steps/import_run.h"

namespace larmor::workers {

Result<void> ImportJob::check(db::Snapshot& /*snapshot*/, const std::string& parameters) const {
    TRY_VOID(parse_import_parameters(parameters));
    return {};
}

Result<std::unique_ptr<jobs::Run>> ImportJob::start(const jobs::Jobs::Begun& begun) {
    TRY(auto parameters, parse_import_parameters(begun.job.parameters));
    TRY(const auto from, parse_import_checkpoint(begun.checkpoint));
    return std::make_unique<ImportRun>(
        std::make_unique<ingest::PathInput>(std::move(parameters.paths)), parameters.report,
        from, make_destination_(begun.job));
}

}  // namespace larmor::workers
