#pragma once
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "duckdb/engine.h"
#include "index/levels.h"
#include "index/target.h"

namespace larmor::index::lake {

// With an engine of look_at, which makes the digests.

/// UIDs of studies that any row names, behind `after`, rising by bytes.
Result<std::vector<std::string>> studies_in(duckdb::Engine& engine, std::string_view after,
                                            std::size_t limit);

/// What differs in these studies, a table of a study each. Errors: those of lay_down.
Result<std::vector<Drift>> compare(duckdb::Engine& engine,
                                   std::span<const StudyDocuments> studies, Levels levels);

}  // namespace larmor::index::lake
