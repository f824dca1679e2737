#include "index/lake/new_files.h"

#include <filesystem>
#include <map>
#include <utility>

#include "base/file.h"
#include "base/ids.h"

namespace larmor::index::lake {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kSmallRowsMax = 20'000;
/// What the engine has in memory of a group, about.
constexpr std::int64_t kGroupRowsMax = 200'000;
/// All are open at once.
constexpr std::size_t kGroupFilesMax = 64;

/// A folder that is gone afterwards, with what is in it.
class Passing {
public:
    explicit Passing(fs::path path) : path_(std::move(path)) {}
    ~Passing() {
        std::error_code ignored;
        fs::remove_all(path_, ignored);
    }
    Passing(const Passing&) = delete;
    Passing& operator=(const Passing&) = delete;
    const fs::path& path() const { return path_; }

private:
    const fs::path path_;
};

std::string sorted_columns(Table table, const std::string& more, const std::string& source) {
    return "COPY (SELECT " + column_list(table) + more + " FROM " + source + " ORDER BY " +
           (more.empty() ? "" : "to_file, ") + std::string(sort_order(table)) + ") TO ";
}

Result<void> write_one(Engine& engine, Store& store, NewFile& one, const std::string& source,
                       std::vector<std::string>& names) {
    const std::string name = path_of(one.file);
    names.push_back(name);
    TRY(const auto path, store.writable(name));
    TRY(one.file.rows,
        engine.number(sorted_columns(one.file.table, "", source) + quoted_text(path.string()) +
                      " (" + std::string(kFileFormat) + ")"));
    if (one.file.rows > 0) return {};
    std::error_code error;
    fs::remove(path, error);
    names.pop_back();
    return {};
}

/// Each in a folder that is named after it, from where it goes to its place.
Result<void> write_together(Engine& engine, Store& store, const NewFiles& group,
                            const std::string& source, std::vector<std::string>& names) {
    TRY(const auto inside, store.writable("_larmor/tmp/" + random_id() + "/files/x"));
    const Passing folder(inside.parent_path().parent_path());
    const fs::path target = folder.path() / "files";
    fs::remove(target);
    TRY(const auto written,
        engine.rows_in_order(sorted_columns(group.front()->file.table, ", to_file", source) +
                             quoted_text(target.string()) + " (" + std::string(kFileFormat) +
                             ", PARTITION_BY (to_file), RETURN_STATS)"));
    std::map<std::string, std::int64_t> rows;
    for (const auto& row : written) rows[row[0].value()] = std::stoll(row[1].value());
    std::size_t found = 0;
    for (NewFile* const one : group) {
        const fs::path from = target / ("to_file=" + one->file.id) / "data_0.parquet";
        const auto at = rows.find(from.string());
        if (at == rows.end()) continue;
        ++found;
        one->file.rows = at->second;
        const std::string name = path_of(one->file);
        names.push_back(name);
        TRY(const auto path, store.writable(name));
        std::error_code error;
        fs::rename(from, path, error);
        if (error) return system_failure("name " + path.string(), error.value());
    }
    if (found == written.size()) return {};
    return fail(ErrorCode::InvalidInput, "DuckDB has made other files than it was to");
}

}  // namespace

std::int64_t NewFile::rows_max() const {
    std::int64_t rows = new_rows;
    for (const auto& file : merged) rows += file.rows;
    return rows;
}

std::vector<NewFiles> groups_of(std::span<NewFile> files) {
    std::vector<NewFiles> groups;
    NewFiles together;
    std::int64_t rows = 0;
    for (auto& one : files) {
        if (one.rows_max() > kSmallRowsMax) {
            groups.push_back({&one});
            continue;
        }
        if (together.size() == kGroupFilesMax || rows + one.rows_max() > kGroupRowsMax) {
            groups.push_back(std::exchange(together, {}));
            rows = 0;
        }
        together.push_back(&one);
        rows += one.rows_max();
    }
    if (!together.empty()) groups.push_back(std::move(together));
    return groups;
}

Result<void> write_group(Engine& engine, Store& store, const NewFiles& group,
                         const std::string& source, std::vector<std::string>& names) {
    if (group.size() == 1) return write_one(engine, store, *group.front(), source, names);
    return write_together(engine, store, group, source, names);
}

}  // namespace larmor::index::lake
