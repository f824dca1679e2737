#pragma once
#include <span>
#include <string>
#include <vector>

#include "duckdb/engine.h"
#include "index/lake/manifest.h"
#include "index/lake/store.h"

namespace larmor::index::lake {

using duckdb::Engine;
using duckdb::quoted_text;

/// A file of the next manifest, and those that it takes the place of.
struct NewFile {
    DataFile file{};  ///< `rows` is 0 before it is written, and where there are none
    std::vector<DataFile> merged{};
    std::int64_t new_rows = 0;  ///< that are in no file yet
    std::int64_t rows_max() const;
};
using NewFiles = std::vector<NewFile*>;

/// Files of one table that are written by one statement: small ones together, since a statement
/// costs more than their rows; large ones each by itself, in which several threads work.
std::vector<NewFiles> groups_of(std::span<NewFile> files);

/// Writes the files of a group, sorted. `source` is SQL of what is in them: the columns of the
/// table, and the id of its file in `to_file`. Names of files are put into `names` before they
/// are there. Nothing is durable yet.
Result<void> write_group(Engine& engine, Store& store, const NewFiles& group,
                         const std::string& source, std::vector<std::string>& names);

}  // namespace larmor::index::lake
