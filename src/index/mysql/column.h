#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "dicom/tag.h"

namespace larmor::index::mysql {

/// What a column takes.
enum class ColumnKind : std::uint8_t { Text, Integer, Decimal, Date, Time, DateTime };

/// A column named after a DICOM keyword, as the server describes it.
struct Column {
    std::string name;
    dicom::Tag tag;
    ColumnKind kind = ColumnKind::Text;
    std::uint64_t characters_max = 0;  ///< of Text
    std::int64_t integer_min = 0;      ///< of Integer
    std::int64_t integer_max = 0;
};

/// Sets what follows from the type as information_schema.columns has it (`int`, `varchar`).
/// False for one that holds no attribute (blob, json, ...).
bool set_type(Column& column, std::string_view data_type, bool is_unsigned,
              std::uint64_t characters_max);

}  // namespace larmor::index::mysql
