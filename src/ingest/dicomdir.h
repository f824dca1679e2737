#pragma once
#include <filesystem>
#include <vector>

#include "base/result.h"

namespace larmor::ingest {

/// The files that a DICOMDIR names, in its order, as paths beside it. A Referenced File ID
/// whose parts are not plain names of up to 64 characters (`..`, a slash, a control character)
/// can't lead out of its folder: it is an error. Files are looked for as named and in lower
/// case, as some systems mount discs. Errors: those of open_file and of the reader;
/// InvalidInput for a bad Referenced File ID and for a file that is no DICOMDIR; LimitExceeded
/// for one over 256 MiB. Source: PS3.3 section F.3.2.2, PS3.10 section 8.2.
Result<std::vector<std::filesystem::path>> read_dicomdir(const std::filesystem::path& path);

}  // namespace larmor::ingest
