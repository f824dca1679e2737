#include "index/mysql/column.h"

#include <algorithm>
#include <array>
#include <limits>
#include <utility>

namespace larmor::index::mysql {
namespace {

struct IntegerType {
    std::string_view name;
    int bits;
};
constexpr std::array kIntegers = {IntegerType{"tinyint", 8}, IntegerType{"smallint", 16},
                                  IntegerType{"mediumint", 24}, IntegerType{"int", 32},
                                  IntegerType{"bigint", 64}};
constexpr std::array<std::string_view, 6> kTexts = {"char",       "varchar",  "text",
                                                    "mediumtext", "longtext", "tinytext"};

}  // namespace

bool set_type(Column& column, std::string_view data_type, bool is_unsigned,
              std::uint64_t characters_max) {
    const auto* const integer = std::ranges::find(kIntegers, data_type, &IntegerType::name);
    if (integer != kIntegers.end()) {
        column.kind = ColumnKind::Integer;
        const int value_bits = std::min(is_unsigned ? integer->bits : integer->bits - 1, 63);
        column.integer_max = static_cast<std::int64_t>((std::uint64_t{1} << value_bits) - 1);
        column.integer_min = is_unsigned ? 0 : -column.integer_max - 1;
        return true;
    }
    if (std::ranges::find(kTexts, data_type) != kTexts.end()) {
        column.kind = ColumnKind::Text;
        // Of TEXT the server gives bytes, of which a character takes up to four.
        column.characters_max =
            data_type.ends_with("char") ? characters_max : characters_max / 4;
        return true;
    }
    if (data_type == "date") {
        column.kind = ColumnKind::Date;
    } else if (data_type == "time") {
        column.kind = ColumnKind::Time;
    } else if (data_type == "datetime" || data_type == "timestamp") {
        column.kind = ColumnKind::DateTime;
    } else if (data_type == "float" || data_type == "double" || data_type == "decimal") {
        column.kind = ColumnKind::Decimal;
    } else {
        return false;
    }
    return true;
}

}  // namespace larmor::index::mysql
