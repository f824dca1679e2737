#pragma once
#include <span>

#include "duckdb/engine.h"
#include "index/document.h"

namespace larmor::index::lake {

using duckdb::Engine;

/// A document that can't be staged, and so must not be in a batch. Errors: InvalidInput for
/// text that is no UTF-8, Conflict for one that was read for other columns than ours.
Result<void> check_document(const ImageSetDocument& document);

/// Tables that are there once: rows as documents have them, all attributes as text.
Result<void> make_staging(Engine& engine);
/// Puts documents there, instead of what was there. `staged_set.ordinal` is the place of each.
Result<void> stage(Engine& engine, std::span<const ImageSetDocument* const> documents);
/// In the transaction of the commit: what is staged with the types of files, as `new_patient`,
/// `new_study` and `new_series`, the newest of each; merge.sql goes on with them.
Result<void> give_types(Engine& engine);
/// After merge.sql: `fresh_instance`, the instances of what is new, with the month of each.
Result<void> give_types_to_instances(Engine& engine);

}  // namespace larmor::index::lake
