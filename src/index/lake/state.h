#pragma once
#include "duckdb/engine.h"
#include "index/lake/manifest.h"
#include "index/lake/store.h"

namespace larmor::index::lake {

using duckdb::Engine;
using duckdb::quoted_text;

/// The lake's rows in the engine, but for those of instances: tables `patient`, `study`,
/// `series` and `image_set` with the columns of their files, `study_month`, and `file`, the id
/// of the file that has the row, empty for a row that none has yet. `image_set` also has
/// `instance_file`, the file of its instances, NULL where nobody has looked yet.
Result<void> make_state(Engine& engine);

/// Makes the rows those of `to` where they were those of `from`: reads files that came, drops
/// what was in files that went. A transaction.
Result<void> follow(Engine& engine, Store& store, const Manifest& from, const Manifest& to);

/// Fills `instance_file` of the image sets of a month, but for those in `removed`.
Result<void> find_instance_files(Engine& engine, Store& store, const Manifest& manifest,
                                 const std::string& month);

/// `['a.parquet', 'b.parquet']` of files that can be read here.
Result<std::string> readable_list(Store& store, std::span<const DataFile> files);

/// SQL of what lies in Parquet files, of which some may have other columns than ours: `*` of
/// those that we know, with `study_month`, `filename` and what is missing left out.
std::string scan_of(Table table, const std::string& list);

}  // namespace larmor::index::lake
