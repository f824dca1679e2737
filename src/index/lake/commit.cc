#include "index/lake/commit.h"

#include <algorithm>
#include <map>
#include <set>

#include "index/lake/merge_policy.h"
#include "index/lake/staging.h"
#include "index/lake/state.h"

namespace larmor::index::lake {

std::string_view merge_text();

namespace {

/// Small enough that a scan skips by the statistics of each, large enough to be read at once.
constexpr std::string_view kFormat =
    " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880)";

using Months = std::map<std::string, std::set<std::string>>;  ///< month: files that lose rows

class Writing {
public:
    Writing(Engine& engine, Store& store, const Manifest& base,
            std::vector<std::string>& new_files, std::int64_t file_rows_max)
        : engine_(engine),
          store_(store),
          base_(base),
          new_files_(new_files),
          file_rows_max_(file_rows_max) {}

    Result<Committed> run() {
        TRY_VOID(give_types(engine_));
        TRY_VOID(engine_.run(std::string(merge_text())));
        TRY_VOID(find_removed());
        TRY_VOID(give_types_to_instances(engine_));
        TRY_VOID(carry_instances());
        for (const Table table : kTables) TRY_VOID(write(table));
        return finish();
    }

private:
    Result<void> find_removed() {
        TRY(const auto months, engine_.rows("SELECT DISTINCT old_month FROM removed"
                                            " WHERE instance_file IS NULL"));
        for (const auto& row : months) {
            TRY_VOID(find_instance_files(engine_, store_, base_, row[0].value()));
        }
        return {};
    }

    std::vector<DataFile> files_of(Table table, const std::string& month) const {
        std::vector<DataFile> files;
        for (const auto& file : base_.files) {
            if (file.table == table && file.month == month) files.push_back(file);
        }
        return files;
    }

    /// Instances of image sets that are in another month now, as they are stored.
    Result<void> carry_instances() {
        TRY(const auto rows, engine_.rows("SELECT DISTINCT instance_file FROM carried"
                                          " WHERE instance_file IS NOT NULL"));
        std::vector<DataFile> files;
        for (const auto& row : rows) {
            const auto file = std::ranges::find(base_.files, row[0].value(), &DataFile::id);
            if (file != base_.files.end()) files.push_back(*file);
        }
        if (files.empty()) return {};
        TRY(const auto list, readable_list(store_, files));
        return engine_.run(
            "INSERT INTO fresh_instance BY NAME SELECT r.* EXCLUDE (filename, study_month),"
            " c.new_month AS study_month FROM (" +
            scan_of(Table::Instance, list) + ") r JOIN carried c USING (image_set_id)");
    }

    Result<Months> months_of(Table table) {
        const std::string name(name_of(table));
        const bool is_instance = table == Table::Instance;
        TRY(const auto rows,
            engine_.rows(is_instance
                             ? "SELECT DISTINCT study_month, '' FROM fresh_instance UNION"
                               " SELECT old_month, instance_file FROM removed"
                               " WHERE instance_file IS NOT NULL"
                             : "SELECT DISTINCT study_month, '' FROM " + name +
                                   " WHERE file = '' UNION SELECT study_month, file"
                                   " FROM touched WHERE level = '" +
                                   name + "'"));
        Months months;
        for (const auto& row : rows) {
            auto& files = months[row[0].value()];
            if (!row[1].value().empty()) files.insert(row[1].value());
        }
        return months;
    }

    Result<void> write(Table table) {
        TRY(const auto months, months_of(table));
        for (const auto& [month, touched] : months) {
            const std::string fresh =
                table == Table::Instance
                    ? "fresh_instance WHERE study_month = " + quoted_text(month)
                    : std::string(name_of(table)) +
                          " WHERE file = '' AND study_month = " + quoted_text(month);
            TRY(const auto new_rows, engine_.number("SELECT count(*) FROM " + fresh));
            const auto merged =
                files_to_merge(files_of(table, month), touched, new_rows, file_rows_max_);
            for (const auto& file : merged) replaced_.insert(file.id);
            TRY_VOID(write_file(table, month, merged));
        }
        return {};
    }

    Result<void> write_file(Table table, const std::string& month,
                            const std::vector<DataFile>& merged) {
        DataFile file{.table = table, .month = month, .id = new_file_id()};
        const std::string name = path_of(file);
        new_files_.push_back(name);
        TRY(const auto path, store_.writable(name));
        TRY(const std::string from, table == Table::Instance
                                        ? instances_of(month, merged)
                                        : Result<std::string>(rows_of(table, month, merged)));
        TRY(file.rows, engine_.number("COPY (SELECT " + column_list(table) + " FROM " + from +
                                      " ORDER BY " + std::string(sort_order(table)) + ") TO " +
                                      quoted_text(path.string()) + std::string(kFormat)));
        if (file.rows == 0) {
            std::error_code error;
            std::filesystem::remove(path, error);
            new_files_.pop_back();
            return {};
        }
        TRY_VOID(note_file(table, month, merged, file.id));
        written_.push_back(std::move(file));
        return {};
    }

    static std::string ids_of(const std::vector<DataFile>& files) {
        std::string ids = "''";
        for (const auto& file : files) ids += ", " + quoted_text(file.id);
        return ids;
    }

    static std::string rows_of(Table table, const std::string& month,
                               const std::vector<DataFile>& merged) {
        return std::string(name_of(table)) + " WHERE study_month = " + quoted_text(month) +
               " AND file IN (" + ids_of(merged) + ")";
    }

    /// Of the files that are merged what was not removed, and what is fresh.
    Result<std::string> instances_of(const std::string& month,
                                     const std::vector<DataFile>& merged) {
        const std::string fresh =
            "SELECT * FROM fresh_instance WHERE study_month = " + quoted_text(month);
        if (merged.empty()) return "(" + fresh + ")";
        TRY(const auto list, readable_list(store_, merged));
        return "(SELECT * EXCLUDE (filename) FROM (" + scan_of(Table::Instance, list) +
               ") WHERE image_set_id NOT IN (SELECT image_set_id FROM removed)"
               " UNION ALL BY NAME " +
               fresh + ")";
    }

    /// Which file has a row from now on.
    Result<void> note_file(Table table, const std::string& month,
                           const std::vector<DataFile>& merged, const std::string& id) {
        if (table != Table::Instance) {
            return engine_.run("UPDATE " + std::string(name_of(table)) + " SET file = " +
                               quoted_text(id) + " WHERE study_month = " + quoted_text(month) +
                               " AND file IN (" + ids_of(merged) + ")");
        }
        return engine_.run("UPDATE image_set SET instance_file = " + quoted_text(id) +
                           " WHERE instance_file IN (" + ids_of(merged) +
                           ") OR image_set_id IN (SELECT image_set_id FROM fresh_instance"
                           " WHERE study_month = " +
                           quoted_text(month) + ")");
    }

    Result<Committed> finish() {
        Committed committed;
        TRY(const auto sizes, store_.keep(new_files_));
        for (std::size_t i = 0; i < written_.size(); ++i) written_[i].bytes = sizes[i];
        committed.new_files = new_files_;
        committed.manifest.number = base_.number + 1;
        auto& files = committed.manifest.files;
        for (const auto& file : base_.files) {
            if (!replaced_.contains(file.id)) files.push_back(file);
        }
        files.insert(files.end(), written_.begin(), written_.end());
        std::ranges::sort(files, [](const DataFile& a, const DataFile& b) {
            return std::tie(a.table, a.month, a.id) < std::tie(b.table, b.month, b.id);
        });
        TRY(const auto winners, engine_.rows("SELECT ordinal FROM winner"));
        for (const auto& row : winners) committed.written.push_back(std::stoull(*row[0]));
        return committed;
    }

    Engine& engine_;
    Store& store_;
    const Manifest& base_;
    std::vector<std::string>& new_files_;
    const std::int64_t file_rows_max_;
    std::vector<DataFile> written_;
    std::set<std::string> replaced_;
};

}  // namespace

Result<Committed> write_staged(Engine& engine, Store& store, const Manifest& base,
                               std::vector<std::string>& new_files,
                               std::int64_t file_rows_max) {
    return Writing(engine, store, base, new_files, file_rows_max).run();
}

}  // namespace larmor::index::lake
