#pragma once
#include <filesystem>

#include "base/file.h"

namespace larmor::objects::s3 {

/// A file without a name on the disk of `folder`: gone with its descriptor, also when the
/// process is killed. Errors: NoSpace, Unavailable.
Result<UniqueFd> make_nameless_file(const std::filesystem::path& folder);

}  // namespace larmor::objects::s3
