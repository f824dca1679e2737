#include "index/lake/state.h"

#include <set>

#include "async/at_once.h"

namespace larmor::index::lake {
namespace {

constexpr std::array kHeld = {Table::Patient, Table::Study, Table::Series, Table::ImageSet};

std::string file_of_name() {
    return "regexp_extract(filename, '([0-9a-f]{16})\\.parquet$', 1)";
}

std::vector<DataFile> only_in(const Manifest& one, const Manifest& other, Table table) {
    std::set<std::string_view> ids;
    for (const auto& file : other.files) ids.insert(file.id);
    std::vector<DataFile> files;
    for (const auto& file : one.files) {
        if (file.table == table && !ids.contains(file.id)) files.push_back(file);
    }
    return files;
}

std::string ids_of(std::span<const DataFile> files) {
    std::string ids;
    for (const auto& file : files) {
        if (!ids.empty()) ids += ", ";
        ids += quoted_text(file.id);
    }
    return ids;
}

Result<void> follow_table(Engine& engine, Store& store, const Manifest& from,
                          const Manifest& to, Table table) {
    const std::string name(name_of(table));
    const auto went = only_in(from, to, table);
    if (!went.empty()) {
        TRY_VOID(engine.run("DELETE FROM " + name + " WHERE file IN (" + ids_of(went) + ")"));
    }
    const auto came = only_in(to, from, table);
    if (came.empty()) return {};
    TRY(const auto list, readable_list(store, came));
    return engine.run("INSERT INTO " + name + " BY NAME SELECT * EXCLUDE (filename), " +
                      file_of_name() + " AS file FROM (" + scan_of(table, list) + ")");
}

Result<void> follow_all(Engine& engine, Store& store, const Manifest& from,
                        const Manifest& to) {
    for (const Table table : kHeld) {
        TRY_VOID(follow_table(engine, store, from, to, table));
    }
    const auto went = only_in(from, to, Table::Instance);
    if (went.empty()) return {};
    return engine.run("UPDATE image_set SET instance_file = NULL WHERE instance_file IN (" +
                      ids_of(went) + ")");
}

}  // namespace

std::string scan_of(Table table, const std::string& list) {
    std::string known = "'study_month', 'filename'";
    for (const auto& column : columns_of(table)) known += ", " + quoted_text(column.name);
    return "SELECT COLUMNS(lambda c: c IN (" + known + ")) FROM read_parquet(" + list +
           ", filename = true, hive_partitioning = true, hive_types_autocast = false,"
           " union_by_name = true)";
}

Result<std::string> readable_list(Store& store, std::span<const DataFile> files) {
    std::vector<std::string> paths(files.size());
    TRY_VOID(async::at_once(files.size(), [&](std::size_t i) -> Result<void> {
        TRY(const auto path, store.readable(path_of(files[i])));
        paths[i] = quoted_text(path.string());
        return {};
    }));
    std::string list = "[";
    for (const auto& path : paths) {
        if (list.size() > 1) list += ", ";
        list += path;
    }
    return list + "]";
}

Result<void> make_state(Engine& engine) {
    std::string sql;
    for (const Table table : kHeld) {
        sql += "CREATE TABLE " + std::string(name_of(table)) + " (";
        for (const auto& column : columns_of(table)) {
            sql += quoted_name(column.name) + " " + column.type + ", ";
        }
        if (table == Table::ImageSet) sql += "instance_file VARCHAR, ";
        sql += "study_month VARCHAR, file VARCHAR); ";
    }
    return engine.run(sql);
}

Result<void> follow(Engine& engine, Store& store, const Manifest& from, const Manifest& to) {
    TRY_VOID(engine.run("BEGIN"));
    auto followed = follow_all(engine, store, from, to);
    if (!followed) {
        TRY_VOID(engine.run("ROLLBACK"));
        return followed;
    }
    return engine.run("COMMIT");
}

Result<void> find_instance_files(Engine& engine, Store& store, const Manifest& manifest,
                                 const std::string& month) {
    std::vector<DataFile> files;
    for (const auto& file : manifest.files) {
        if (file.table == Table::Instance && file.month == month) files.push_back(file);
    }
    if (files.empty()) return {};
    TRY(const auto list, readable_list(store, files));
    return engine.run("CREATE OR REPLACE TEMP TABLE found AS SELECT DISTINCT image_set_id, " +
                      file_of_name() + " AS file FROM (" + scan_of(Table::Instance, list) +
                      "); UPDATE image_set SET instance_file = f.file FROM found f"
                      " WHERE f.image_set_id = image_set.image_set_id AND instance_file IS NULL"
                      " AND image_set.image_set_id NOT IN (SELECT image_set_id FROM removed);"
                      " UPDATE removed SET instance_file = f.file FROM found f"
                      " WHERE f.image_set_id = removed.image_set_id AND removed.old_month = " +
                      quoted_text(month) +
                      "; UPDATE carried SET instance_file = f.file FROM found f"
                      " WHERE f.image_set_id = carried.image_set_id AND carried.old_month = " +
                      quoted_text(month));
}

}  // namespace larmor::index::lake
