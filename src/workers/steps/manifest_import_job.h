#pragma once
#include "async/worker_pool.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "workers/steps/import_job.h"

namespace larmor::workers {

/// Jobs of the kind `dicom-import`: an import of one folder as HealthImaging's API asks for it,
/// which writes a manifest of its outcomes (see write_manifest.h) before it has ended.
class ManifestImportJob final : public jobs::Kind {
public:
    struct Services {
        db::Database& database;
        const catalog::Catalog& catalog;
        async::WorkerPool& pool;  ///< on which the manifest is written
    };
    ManifestImportJob(Services services, ImportJob::MakeDestination make_destination)
        : services_(services), make_destination_(std::move(make_destination)) {}

    /// Also that the input is there.
    Result<void> check(db::Snapshot& snapshot, const std::string& parameters) const override;
    Result<std::unique_ptr<jobs::Run>> start(const jobs::Jobs::Begun& begun) override;

private:
    const Services services_;
    const ImportJob::MakeDestination make_destination_;
};
inline constexpr std::string_view kManifestImportKind = "dicom-import";

}  // namespace larmor::workers
