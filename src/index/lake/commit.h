#pragma once
#include "duckdb/engine.h"
#include "index/lake/manifest.h"
#include "index/lake/store.h"

namespace larmor::index::lake {

using duckdb::Engine;
using duckdb::quoted_text;

/// What a commit makes of the lake.
struct Committed {
    Manifest manifest;                   ///< the next one
    std::vector<std::string> new_files;  ///< durable under these names
    std::vector<std::size_t> written;    ///< the places of staged documents that were newest
};

/// Brings staged documents into the state and into files, in the engine's open transaction.
/// Nobody sees them before the manifest is put; where that fails, the transaction is to be
/// rolled back and the files are garbage, whose names `new_files` has up to then.
Result<Committed> write_staged(Engine& engine, Store& store, const Manifest& base,
                               std::vector<std::string>& new_files, std::int64_t file_rows_max);

}  // namespace larmor::index::lake
