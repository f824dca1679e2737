#pragma once
#include "async/worker_pool.h"
#include "catalog/catalog.h"
#include "db/database.h"
#include "ingest/import_input.h"
#include "ingest/manifest_parameters.h"
#include "objects/s3/allowed_places.h"
#include "workers/steps/import_job.h"
#include "workers/steps/manifest_output.h"

namespace larmor::workers {

/// Jobs of the kind `dicom-import`: an import of one folder or bucket as HealthImaging's API
/// asks for it, which writes a manifest of its outcomes (see write_manifest.h) before it has
/// ended.
class ManifestImportJob final : public jobs::Kind {
public:
    struct Services {
        db::Database& database;
        const catalog::Catalog& catalog;
        async::WorkerPool& pool;  ///< on which the manifest is written
        /// In which it may be read and written in S3, with the process's own credentials.
        const objects::s3::AllowedPlaces& places;
    };
    ManifestImportJob(Services services, ImportJob::MakeDestination make_destination)
        : services_(services), make_destination_(std::move(make_destination)) {}

    /// Also that a folder that is the input is there, that buckets may be used, and that the
    /// datastore is this one.
    Result<void> check(db::Snapshot& snapshot, const std::string& parameters) const override;
    Result<std::unique_ptr<jobs::Run>> start(const jobs::Jobs::Begun& begun) override;

private:
    struct OpenedBucket {
        std::unique_ptr<objects::s3::Client> client;
        std::string prefix;
    };
    Result<ingest::ManifestParameters> read_parameters(std::string_view json) const;
    Result<OpenedBucket> open_bucket(const std::string& uri) const;
    Result<std::unique_ptr<ingest::ImportInput>> open_input(const std::string& uri) const;
    Result<std::unique_ptr<ManifestOutput>> open_output(const std::string& uri,
                                                        const std::string& folder) const;

    const Services services_;
    const ImportJob::MakeDestination make_destination_;
};
inline constexpr std::string_view kManifestImportKind = "dicom-import";

}  // namespace larmor::workers
