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

/// Makes what is missing of tables and views; leaves what is there.
Result<void> make_tables(Connection& connection);
Result<Tables> read_tables(Connection& connection, Levels levels);

}  // namespace larmor::index::mysql
