#pragma once
#include <memory>

#include "base/clock.h"
#include "index/lake/store.h"
#include "index/levels.h"
#include "index/target.h"

namespace larmor::index::lake {

struct LakeOptions {
    /// A folder, also as `file:///path`, or `s3://bucket/prefix?endpoint=...`
    /// (objects/s3/address.h).
    std::string place;
    /// On this machine, made where it is missing: what the engine can't keep in memory, and
    /// copies of files in S3. Nothing there outlives the target.
    std::filesystem::path scratch;
    /// Of others there are only keys and counts, and no instances. Changed between two runs, it
    /// holds for what is written from then on; a rebuild writes everything anew.
    Levels levels = Levels::all();
    std::uint64_t memory_max_bytes = std::uint64_t{1} << 30;  ///< of the engine
    unsigned threads = 2;                                     ///< of the engine
    BatchLimits batch{
        .documents_max = 500, .instances_max = 50'000, .window = std::chrono::seconds(1)};
    /// How long files stay for readers after they went out of the manifest.
    std::chrono::microseconds grace = std::chrono::minutes(15);
    std::int64_t file_rows_max = 1'000'000;
    const Clock* clock = &system_clock();
};

/// A lake of Parquet files (docs/formats/lake.md), kept equal to the catalog. Any number of
/// processes may write one lake: whoever is second at a manifest reads it and does its work
/// again. The lake is read when it is first asked for something.
/// Errors: InvalidInput (the place), Unauthenticated; Unsupported without DuckDB.
Result<std::unique_ptr<Target>> open_lake(LakeOptions options);
/// The same on any store, for tests.
Result<std::unique_ptr<Target>> open_lake_on(std::unique_ptr<Store> store, LakeOptions options);

}  // namespace larmor::index::lake
