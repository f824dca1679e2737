#include "index/mysql/upgrade.h"

#include "index/mysql/quote.h"
#include "index/mysql/tables.h"

namespace larmor::index::mysql {
namespace {

constexpr std::string_view kCollation = "utf8mb4_bin";

/// A condition on information_schema.
std::string of_table(std::string_view table) {
    return "table_schema = DATABASE() AND table_name = " + in_quotes(table);
}

/// SQL: a row where there is such a column.
std::string column(std::string_view table, std::string_view name) {
    return "SELECT 1 FROM information_schema.columns WHERE " + of_table(table) +
           " AND column_name = " + in_quotes(name);
}
/// The same where it is of this type too.
std::string column(std::string_view table, std::string_view name, std::string_view type) {
    return column(table, name) + " AND column_type = " + in_quotes(type);
}
/// SQL: a row where there is a key that begins with this column.
std::string key(std::string_view table, std::string_view first) {
    return "SELECT 1 FROM information_schema.statistics WHERE " + of_table(table) +
           " AND seq_in_index = 1 AND column_name = " + in_quotes(first);
}
/// SQL: the name of the unique key of these columns, with commas.
std::string unique_key(std::string_view table, std::string_view columns) {
    return "SELECT index_name FROM information_schema.statistics WHERE " + of_table(table) +
           " AND non_unique = 0 GROUP BY index_name HAVING"
           " GROUP_CONCAT(column_name ORDER BY seq_in_index) = " +
           in_quotes(columns);
}

/// What has to be there, and the statement that makes it where it is not.
struct Part {
    std::string table;
    std::string sought;
    std::string change;
};

std::vector<Part> parts() {
    const auto add_key = [](std::string_view table, std::string_view first) {
        return Part{std::string(table), key(table, first),
                    "ADD KEY (" + std::string(first) + ")"};
    };
    const auto add_column = [](std::string_view name, std::string_view type) {
        return Part{"importjob", column("importjob", name),
                    "ADD COLUMN " + std::string(name) + " " + std::string(type)};
    };
    const auto with_fractions = [](std::string_view name) {
        return Part{"importjob", column("importjob", name, "datetime(6)"),
                    "MODIFY COLUMN " + std::string(name) + " DATETIME(6)"};
    };
    const auto add_unique = [](std::string_view table, std::string_view columns) {
        return Part{std::string(table), unique_key(table, columns),
                    "ADD UNIQUE KEY (" + std::string(columns) + ")"};
    };
    return {add_unique("frame", "frameid,instance_pkey"),
            add_key("frame", "imageset_pkey"),
            add_key("conflict", "imageset_pkey"),
            add_key("tag", "series_pkey"),
            add_key("tag", "imageset_pkey"),
            add_unique("imagetype", "type"),
            with_fractions("submittedat"),
            with_fractions("startedat"),
            with_fractions("completedat"),
            add_column("larmor_datastoreid", "VARCHAR(32)"),
            add_column("larmor_epoch", "BIGINT NOT NULL DEFAULT 0"),
            add_column("larmor_sequence", "BIGINT NOT NULL DEFAULT 0"),
            add_unique("importjob", "ahijobid,larmor_datastoreid")};
}

tl::unexpected<Error> not_as_it_should_be(const std::string& what, const std::string& change) {
    return fail(ErrorCode::Unavailable,
                what + ": " + change + ", then larmor index rebuild mysql");
}

Result<void> alter(Connection& connection, const std::string& table,
                   const std::string& change) {
    const std::string sql = "ALTER TABLE " + table + " " + change;
    const auto done = connection.run(sql);
    if (done || connection.is_lost()) return done;
    return not_as_it_should_be(
        "table " + table + " is of an earlier version (" + done.error().message + ")", sql);
}

Result<void> check_collations(Connection& connection) {
    TRY(const auto rows,
        connection.rows("SELECT table_name, table_collation FROM information_schema.tables"
                        " WHERE table_schema = DATABASE() AND table_name IN (" +
                        list(kTableNames) + ") AND table_collation <> " +
                        in_quotes(kCollation) + " ORDER BY table_name"));
    if (rows.empty()) return {};
    const std::string& table = rows.front()[0].value();
    return not_as_it_should_be(
        "table " + table + " compares text by " + rows.front()[1].value_or("nothing"),
        "ALTER TABLE " + table + " CONVERT TO CHARACTER SET utf8mb4 COLLATE utf8mb4_bin");
}

/// A key over frames alone: a copy of an instance under another UID has the same ones.
Result<void> drop_key_of_frames(Connection& connection) {
    TRY(const auto names, connection.rows(unique_key("frame", "frameid")));
    if (names.empty()) return {};
    return alter(connection, "frame", "DROP KEY `" + names.front()[0].value() + "`");
}

/// Nobody wrote this table before; somebody else may have.
Result<void> drop_doubled_image_types(Connection& connection) {
    TRY(const auto found, connection.rows(unique_key("imagetype", "type")));
    if (!found.empty()) return {};
    return connection.run(
        "DELETE x FROM imagetype x JOIN imagetype first ON first.type = x.type"
        " AND first.imagetype_pkey < x.imagetype_pkey");
}

}  // namespace

Result<void> upgrade_tables(Connection& connection) {
    TRY_VOID(check_collations(connection));
    TRY_VOID(drop_doubled_image_types(connection));
    for (const auto& part : parts()) {
        TRY(const auto found, connection.rows(part.sought));
        if (found.empty()) TRY_VOID(alter(connection, part.table, part.change));
    }
    // Behind the wider one, on which the rows' uniqueness stands then.
    return drop_key_of_frames(connection);
}

}  // namespace larmor::index::mysql
