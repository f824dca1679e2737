#pragma once
#include <filesystem>
#include <span>

#include "duckdb/engine.h"
#include "index/document.h"
#include "index/levels.h"

namespace larmor::index::lake {

using duckdb::Engine;
using duckdb::quoted_text;

/// A document that can't be staged, and so must not be in a batch. Errors: InvalidInput for
/// text that is no UTF-8, Conflict for one that was read for other columns than `wanted`.
Result<void> check_document(const ImageSetDocument& document, const Wanted& wanted);

/// Tables that are there once: rows as documents have them, all attributes as text.
Result<void> make_staging(Engine& engine);
/// Puts documents there, instead of what was there. `staged_set.ordinal` is the place of each.
/// Of levels that are not kept there are keys, and no instances.
Result<void> stage(Engine& engine, std::span<const ImageSetDocument* const> documents,
                   Levels levels);
/// In the transaction of the commit: what is staged with the types of files, as `new_patient`,
/// `new_study` and `new_series`, the newest of each; merge.sql goes on with them.
Result<void> give_types(Engine& engine);
/// Types for all that is staged, and a Parquet file of it at `path`, in a transaction that is
/// rolled back: what a document can do to the engine, it does here.
Result<void> rehearse_staged(Engine& engine, const std::filesystem::path& path);
/// After merge.sql: `fresh_instance`, the instances of what is new, with the month of each.
Result<void> give_types_to_instances(Engine& engine);

}  // namespace larmor::index::lake
