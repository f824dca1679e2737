#pragma once
#include "catalog/catalog.h"
#include "db/database.h"
#include "ingest/manifest_parameters.h"
#include "jobs/jobs.h"

namespace larmor::workers {

/// Writes what an import came to, from the lines of its report, as HealthImaging does: below
/// the output a folder manifest_folder() with SUCCESS/success.ndjson, FAILURE/failure.ndjson,
/// and last, in one step, job-output-manifest.json. What was there of an earlier try is written
/// over. A file that was there already counts as a success. Blocks. Errors: those of the disk
/// and of the database.
Result<void> write_manifest(db::Database& database, const catalog::Catalog& catalog,
                            jobs::JobId job, const ingest::ManifestParameters& parameters);

}  // namespace larmor::workers
