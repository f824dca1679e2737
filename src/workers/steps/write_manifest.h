#pragma once
#include "catalog/catalog.h"
#include "db/database.h"
#include "ingest/manifest_parameters.h"
#include "jobs/jobs.h"
#include "workers/steps/manifest_output.h"

namespace larmor::workers {

/// The import that a manifest is about.
struct ManifestOf {
    db::Database& database;
    const catalog::Catalog& catalog;
    jobs::JobId job;
    const ingest::ManifestParameters& parameters;
};

/// Writes what an import came to, from the lines of its report, as HealthImaging does:
/// SUCCESS/success.ndjson, FAILURE/failure.ndjson, and last, in one step,
/// job-output-manifest.json. What was there of an earlier try is written over. A file that was
/// there already counts as a success. Blocks. Errors: those of `output` and of the database.
Result<void> write_manifest(const ManifestOf& of, ManifestOutput& output);

}  // namespace larmor::workers
