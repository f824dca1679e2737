#pragma once
#include <filesystem>
#include <vector>

#include "reassembly/run/report.h"

namespace larmor::reassembly::run {

/// Whether a report can be written as Parquet here. Errors: Unsupported where DuckDB's library
/// is missing, with what was looked at; InvalidInput where it is one that reads no JSON.
Result<void> check_parquet();

struct ParquetOptions {
    std::filesystem::path scratch;  ///< a folder on the file system of `to`
    std::filesystem::path to;       ///< a folder
    std::uint64_t memory_bytes = 0;
};

/// Writes `NAME.parquet` for each file of a report, a row for each of its lines, in their
/// order; a member that a line doesn't have is NULL. A file is under its name whole or not at
/// all; one that was there is replaced. Errors: NoSpace, Unavailable and LimitExceeded of
/// DuckDB.
Result<void> write_parquet(const std::vector<Report::File>& files,
                           const ParquetOptions& options);

}  // namespace larmor::reassembly::run
