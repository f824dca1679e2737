#pragma once
#include "base/file.h"

namespace larmor::reassembly::reads {

/// A file without a name in `folder`, for reading and writing: its blocks are free again when
/// it is closed, also by kill -9. Errors: those of open(2).
Result<UniqueFd> open_scratch_file(const std::filesystem::path& folder);

}  // namespace larmor::reassembly::reads
