#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/import_paths.h"

namespace larmor::workers {

/// Which items an import job keeps a line of, for GET /v1/jobs/{job}/report.
enum class Report : std::uint8_t {
    None,
    Problems,  ///< those that were rejected or are in conflict
    All,
};

/// `{"paths":["/data/in"],"report":"problems"}`, the second one optional.
struct ImportParameters {
    std::vector<std::filesystem::path> paths;
    Report report = Report::None;
};
/// Errors: InvalidInput that names the member: a path is absolute, since the server's folder is
/// not that of who asks.
Result<ImportParameters> parse_import_parameters(std::string_view json);

/// How far an import job is: what its checkpoint holds.
struct ImportCheckpoint {
    ingest::WalkPosition position{};
    std::uint64_t files = 0;  ///< passed
    ingest::ImportTally tally{};
    bool is_counted = false;  ///< the total is known
    ingest::WalkTotal total{};
};
std::string to_json(const ImportCheckpoint& checkpoint);
/// Empty text is the beginning. Errors: Corrupt.
Result<ImportCheckpoint> parse_import_checkpoint(std::string_view json);

/// `{"imported":1,"duplicates":0,...}`: what the job has come to.
std::string result_json(const ImportCheckpoint& checkpoint);

}  // namespace larmor::workers
