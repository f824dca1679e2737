#pragma once
#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace larmor::reassembly::plan {

struct SideSizes {
    std::uint64_t archives = 0;
    std::uint64_t bytes = 0;          ///< of all archives, as they are stored
    std::uint64_t largest_bytes = 0;  ///< of one archive
};

struct Workload {
    std::uint64_t instances = 0;
    SideSizes metadata;
    SideSizes images;
};

/// Counts what a manifest lists: CSV (RFC 4180) whose first line names the columns, of which
/// `side` (`metadata` or `image`) and `size_bytes` must be there; `members` of the metadata
/// are the instances, others are passed over. Errors: InvalidInput with the line.
Result<Workload> read_manifest(std::string_view csv);

}  // namespace larmor::reassembly::plan
