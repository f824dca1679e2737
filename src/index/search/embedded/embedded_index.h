#pragma once
#include <filesystem>
#include <memory>

#include "index/search/search_index.h"

namespace larmor::index::search::embedded {

/// Searches in a SQLite file with FTS5, opened or made, which one process owns. Nothing in it
/// is precious: without it, it is made anew. Errors: those of db::sqlite::open_sqlite.
Result<std::unique_ptr<SearchIndex>> open_embedded_index(std::filesystem::path file,
                                                         Levels levels = Levels::all());

}  // namespace larmor::index::search::embedded
