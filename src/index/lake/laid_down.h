#pragma once
#include <span>
#include <string>
#include <vector>

#include "duckdb/engine.h"
#include "index/lake/columns.h"
#include "index/lake/manifest.h"
#include "index/lake/store.h"
#include "index/target.h"

namespace larmor::index::lake {

using duckdb::Engine;
using duckdb::quoted_text;

/// An engine that a check has to itself: nothing of what a writer knows of the lake is in it.
/// Views `lake_patient`, `lake_study` ... of all rows that the files of a manifest have, with
/// `study_month` and `file`; tables `is_...` of those that belong to some studies and
/// `should_...` of what their documents say, both with `larmor_study`.
Result<std::unique_ptr<Engine>> open_look(const Engine::Options& options);
/// Makes the views.
Result<void> look_at(Engine& engine, Store& store, const Manifest& manifest);

/// Fills `is_...` and `should_...` but for `is_instance`. Errors: Conflict for documents that
/// were read for other columns than those of the levels.
Result<void> lay_down(Engine& engine, std::span<const StudyDocuments> studies, Levels levels);

/// Removes what was laid down.
Result<void> take_up(Engine& engine);

/// A study with the empty UID, which stands for what belongs to none.
bool is_rest(const StudyDocuments& study);

/// SQL: whether a row of the view belongs to no study and should not be there.
std::string is_rest_row(Table table);

}  // namespace larmor::index::lake
