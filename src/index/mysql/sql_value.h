#pragma once
#include <optional>
#include <string>

#include "base/clock.h"
#include "index/mysql/column.h"

namespace larmor::index::mysql {

/// The text of a value as the column takes it, before quoting; nothing (NULL) for one that it
/// can't hold: a date that is none, a number out of range. Text that is too long is cut between
/// characters (for TEXT, whose limit is in bytes, well below it). Numbers, dates and times of
/// attributes with several values are those of the first. Source: PS3.5 section 6.2 (DA, TM,
/// DT, IS, DS); DT is given in UTC where it says its offset.
std::optional<std::string> column_text(const Column& column, const std::string& value);

/// In UTC, for DATETIME(6).
std::string date_time_text(Time time);

/// Appends that as a field of LOAD DATA, `\N` for NULL.
void append_field(std::string& row, const Column& column,
                  const std::optional<std::string>& value);

/// Appends that in quotes, or NULL; NULL for no value too.
void append_value(std::string& sql, const Column& column,
                  const std::optional<std::string>& value);

}  // namespace larmor::index::mysql
