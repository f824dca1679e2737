#pragma once
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "index/document.h"
#include "index/levels.h"

namespace larmor::index::lake {

/// What the values of an attribute are in a Parquet file. Of several values a number, date or
/// time has the first; text has all, with `\` between them.
enum class Kind : std::uint8_t { Text, Integer, Decimal, Date, Time };

/// A column named after an attribute's keyword.
struct AttributeColumn {
    std::string name;
    dicom::Tag tag;
    Kind kind = Kind::Text;
};

/// What a lake has of each level beside its keys and counts, in the order of tags.
const std::vector<AttributeColumn>& attribute_columns(Level level);
/// Of the levels that are kept. Study Date always: it says where a study lies.
Wanted wanted_attributes(Levels levels);
/// Another number for other columns and levels: with what a row was written.
std::int64_t columns_number(Levels levels);

/// The tables of a lake: those of the levels, and what is known of each image set.
enum class Table : std::uint8_t { Patient, Study, Series, Instance, ImageSet };
inline constexpr std::array kTables = {Table::Patient, Table::Study, Table::Series,
                                       Table::Instance, Table::ImageSet};
/// `patient`, `study`, `series`, `instance`, `image_set`.
std::string_view name_of(Table table);
std::optional<Table> table_named(std::string_view name);

struct Column {
    std::string name;
    std::string type;  ///< of SQL
};
/// All columns of a table's files, in their order.
std::vector<Column> columns_of(Table table);
/// `"name", "name", ...` and what sorts a file of the table.
std::string column_list(Table table);
std::string_view sort_order(Table table);
/// Of COPY. Row groups small enough that a scan skips by the statistics of each, large enough
/// to be read at once.
inline constexpr std::string_view kFileFormat =
    "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880";

std::string quoted_name(std::string_view name);
/// SQL that makes of a staged text what its column holds, NULL where it is none.
std::string typed_value(const AttributeColumn& column);

}  // namespace larmor::index::lake
