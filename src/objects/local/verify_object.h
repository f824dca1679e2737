#pragma once
#include <filesystem>
#include <string>

#include "base/file.h"
#include "objects/object_store.h"

namespace larmor::objects::local {

/// The file that holds an object: a segment or a file of its own, below the store's folder.
std::string file_of(const std::filesystem::path& store, const ObjectLocation& location);

/// Reads an object again, once, in its open file, and compares sizes, checksums and the hash
/// with record and row. Errors: Corrupt, with the place; Unavailable.
Result<void> verify_object(const UniqueFd& file, const ObjectLocation& location);

}  // namespace larmor::objects::local
