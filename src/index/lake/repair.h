#pragma once
#include <optional>
#include <string>
#include <vector>

#include "index/lake/commit.h"
#include "index/lake/lake_target.h"

namespace larmor::index::lake {

/// Writes files in which the study is as its documents say, whatever was there: those that have
/// a row of it are written again without, all else of them stays as it is. `engine` looks at
/// `base`, whose number the manifest keeps where nothing had to be changed. Nobody sees the
/// files before the manifest is put; where that fails they are garbage, whose names `new_files`
/// has up to then. Nothing, where a row is of a later document than the study's and nobody
/// forces it.
Result<std::optional<Committed>> make_right(Engine& engine, Store& store, const Manifest& base,
                                            const StudyDocuments& study,
                                            const LakeOptions& options,
                                            std::vector<std::string>& new_files);

}  // namespace larmor::index::lake
