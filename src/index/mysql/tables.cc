#include "index/mysql/tables.h"

#include <algorithm>
#include <charconv>

#include "dicom/dictionary.h"
#include "dicom/tags.h"
#include "index/mysql/upgrade.h"

namespace larmor::index::mysql {

std::string_view schema_text();

namespace {

/// Filled by the target itself: keys, and what it counts.
constexpr std::array<std::string_view, 8> kOwnColumns = {"patientid",
                                                         "issuerofpatientid",
                                                         "studyinstanceuid",
                                                         "seriesinstanceuid",
                                                         "numberofstudyrelatedseries",
                                                         "numberofstudyrelatedinstances",
                                                         "sopinstanceuid",
                                                         "numberofseriesrelatedinstances"};

Result<std::vector<Column>> read_columns(Connection& connection, Level level) {
    TRY(const auto rows,
        connection.rows("SELECT LOWER(column_name), data_type, column_type,"
                        " character_maximum_length FROM information_schema.columns"
                        " WHERE table_schema = DATABASE() AND table_name = '" +
                        std::string(name_of(level)) + "'"));
    std::vector<Column> columns;
    for (const auto& row : rows) {
        const std::string& name = row[0].value();
        if (std::ranges::find(kOwnColumns, name) != kOwnColumns.end()) continue;
        const auto tag = dicom::tag_of_lower_case_keyword(name);
        if (!tag) continue;
        std::uint64_t characters = 0;
        if (row[3]) {
            std::from_chars(row[3]->data(), row[3]->data() + row[3]->size(), characters);
        }
        Column column{.name = name, .tag = *tag};
        const bool is_unsigned = row[2].value().find("unsigned") != std::string::npos;
        if (set_type(column, row[1].value(), is_unsigned, characters)) {
            columns.push_back(std::move(column));
        }
    }
    std::ranges::sort(columns, {}, &Column::tag);
    return columns;
}

/// Does nothing that needs the rights to write the table.
Result<void> try_rights(Connection& connection, const std::string& table) {
    std::string number = table + "_pkey";
    if (table == "larmor_imagetype") number = "imageset_pkey";
    if (table == "larmor_applied") number = "version";
    TRY_VOID(
        connection.run("INSERT INTO " + table + " SELECT * FROM " + table + " WHERE FALSE"));
    TRY_VOID(
        connection.run("UPDATE " + table + " SET " + number + " = " + number + " WHERE FALSE"));
    return connection.run("DELETE FROM " + table + " WHERE FALSE");
}

/// A message that found out that a right is missing would have been begun, and the next ones
/// after it.
Result<void> try_rights(Connection& connection) {
    for (const auto table : kTableNames) TRY_VOID(try_rights(connection, std::string(table)));
    return {};
}

}  // namespace

Wanted Tables::wanted() const {
    Wanted wanted{.tags = {}, .labels = true};
    for (std::size_t level = 0; level < kLevelCount; ++level) {
        for (const auto& column : columns[level]) {
            wanted.tags[level].push_back(column.tag);
        }
    }
    return wanted;
}

std::optional<std::size_t> Tables::image_type() const {
    const auto& instance = of(Level::Instance);
    const auto at = std::ranges::find(instance, dicom::tags::ImageType, &Column::tag);
    if (at == instance.end()) return std::nullopt;
    return static_cast<std::size_t>(at - instance.begin());
}

Result<void> make_tables(Connection& connection) {
    // Of the session: it ends with it, too. Shorter than the time-out of a read.
    TRY(const auto is_locked, connection.number("SELECT GET_LOCK('larmor_tables', 25)"));
    if (is_locked.value_or(0) != 1) {
        return fail(ErrorCode::Unavailable, "another process makes or alters the tables");
    }
    auto made = connection.run_script(schema_text());
    if (made) made = upgrade_tables(connection);
    if (made) made = try_rights(connection);
    if (!connection.is_lost()) TRY_VOID(connection.run("DO RELEASE_LOCK('larmor_tables')"));
    return made;
}

Result<Tables> read_tables(Connection& connection, Levels levels) {
    Tables tables{.levels = levels};
    for (const Level level : {Level::Patient, Level::Study, Level::Series, Level::Instance}) {
        if (!levels.has(level)) continue;
        TRY(tables.columns[static_cast<std::size_t>(level)], read_columns(connection, level));
    }
    return tables;
}

}  // namespace larmor::index::mysql
