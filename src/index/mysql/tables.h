#pragma once
#include <array>
#include <optional>
#include <vector>

#include "index/document.h"
#include "index/levels.h"
#include "index/mysql/column.h"
#include "index/mysql/connection.h"

namespace larmor::index::mysql {

/// The columns of the four tables that are named after DICOM keywords, in lower case: a column
/// that somebody adds is filled from then on. In the order of their tags.
struct Tables {
    /// Of others only keys are written, and no instances and frames at all.
    Levels levels = Levels::all();
    std::array<std::vector<Column>, kLevelCount> columns;
    const std::vector<Column>& of(Level level) const {
        return columns[static_cast<std::size_t>(level)];
    }
    Wanted wanted() const;
    /// Where the values of an instance have its Image Type; nothing where nobody keeps it.
    std::optional<std::size_t> image_type() const;
};

/// Of schema.sql.
inline constexpr std::array<std::string_view, 13> kTableNames = {
    "issuer",           "patient",   "study",         "series", "imageset",
    "instance",         "frame",     "conflict",      "tag",    "imagetype",
    "larmor_imagetype", "importjob", "larmor_applied"};

/// Makes what is missing of tables and views, and of their columns and keys where an earlier
/// version made them: one process at a time. Errors: Unavailable, also while another process
/// does it; Denied, also where the user may not write one of them; those of upgrade_tables.
Result<void> make_tables(Connection& connection);
Result<Tables> read_tables(Connection& connection, Levels levels);

}  // namespace larmor::index::mysql
