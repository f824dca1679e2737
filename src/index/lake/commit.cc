#include "index/lake/commit.h"

#include <algorithm>
#include <map>
#include <set>

#include "index/lake/merge_policy.h"
#include "index/lake/new_files.h"
#include "index/lake/staging.h"
#include "index/lake/state.h"

namespace larmor::index::lake {

std::string_view merge_text();

namespace {

/// What of a month of a table is in no file yet, and files that lose a row.
struct Change {
    std::int64_t new_rows = 0;
    std::set<std::string> touched;
};
using Changes = std::map<std::string, Change>;  ///< by month

class Writing {
public:
    Writing(Engine& engine, Store& store, const Manifest& base,
            std::vector<std::string>& new_files, std::int64_t file_rows_max)
        : engine_(engine),
          store_(store),
          base_(base),
          new_files_(new_files),
          file_rows_max_(file_rows_max) {
        for (const auto& file : base.files) files_[{file.table, file.month}].push_back(file);
    }

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

    Result<void> write(Table table) {
        TRY(const auto changes, changes_of(table));
        std::vector<NewFile> files;
        for (const auto& [month, change] : changes) {
            NewFile one{.file = {.table = table, .month = month, .id = new_file_id()},
                        .merged = files_to_merge(files_[{table, month}], change.touched,
                                                 change.new_rows, file_rows_max_),
                        .new_rows = change.new_rows};
            for (const auto& file : one.merged) replaced_.insert(file.id);
            files.push_back(std::move(one));
        }
        if (files.empty()) return {};
        TRY_VOID(note_moves(files));
        if (table != Table::Instance) TRY_VOID(gather(table));
        for (const auto& group : groups_of(files)) {
            TRY(const auto source, table == Table::Instance
                                       ? instances_of(group)
                                       : Result<std::string>("gathered" + only(group)));
            TRY_VOID(write_group(engine_, store_, group, source, new_files_));
        }
        for (const auto& one : files) {
            if (one.file.rows > 0) written_.push_back(one.file);
        }
        return move_rows(table);
    }

    Result<Changes> changes_of(Table table) {
        const std::string name(name_of(table));
        const bool is_instance = table == Table::Instance;
        TRY(const auto fresh,
            engine_.rows("SELECT study_month, count(*) FROM " +
                         (is_instance ? "fresh_instance" : name + " WHERE file = ''") +
                         " GROUP BY study_month"));
        TRY(const auto touched,
            engine_.rows(is_instance ? "SELECT DISTINCT old_month, instance_file FROM removed"
                                       " WHERE instance_file IS NOT NULL"
                                     : "SELECT DISTINCT study_month, file FROM touched"
                                       " WHERE level = '" +
                                           name + "'"));
        Changes changes;
        for (const auto& row : fresh) {
            changes[row[0].value()].new_rows = std::stoll(row[1].value());
        }
        for (const auto& row : touched) {
            changes[row[0].value()].touched.insert(row[1].value());
        }
        return changes;
    }

    /// `moves`: in which file is from now on what was in another one, or in none ('').
    Result<void> note_moves(const std::vector<NewFile>& files) {
        std::string values;
        const auto add = [&](const DataFile& file, std::string_view from) {
            values += (values.empty() ? "(" : ", (") + quoted_text(file.month) + ", " +
                      quoted_text(from) + ", " + quoted_text(file.id) + ")";
        };
        for (const auto& one : files) {
            add(one.file, "");
            for (const auto& file : one.merged) add(one.file, file.id);
        }
        return engine_.run("CREATE OR REPLACE TEMP TABLE moves AS SELECT * FROM (VALUES " +
                           values + ") AS v(study_month, from_file, to_file)");
    }

    /// What goes into new files, found at once: the table may have all rows of the lake.
    Result<void> gather(Table table) {
        return engine_.run(
            "CREATE OR REPLACE TEMP TABLE gathered AS SELECT t.*, m.to_file FROM " +
            std::string(name_of(table)) +
            " t JOIN moves m ON m.study_month = t.study_month"
            " AND m.from_file = t.file");
    }

    static std::string only(const NewFiles& group) {
        std::string ids;
        for (const auto* const one : group) {
            ids += (ids.empty() ? "" : ", ") + quoted_text(one->file.id);
        }
        return " WHERE to_file IN (" + ids + ")";
    }

    /// Of the files that are merged what was not removed, and what is fresh.
    Result<std::string> instances_of(const NewFiles& group) {
        std::vector<DataFile> merged;
        for (const auto* const one : group) {
            merged.insert(merged.end(), one->merged.begin(), one->merged.end());
        }
        std::string all = "SELECT * FROM fresh_instance";
        if (!merged.empty()) {
            TRY(const auto list, readable_list(store_, merged));
            all += " UNION ALL BY NAME SELECT * EXCLUDE (filename) FROM (" +
                   scan_of(Table::Instance, list) +
                   ") WHERE image_set_id NOT IN (SELECT image_set_id FROM removed)";
        }
        return "(" + all +
               ") JOIN (SELECT study_month, to_file FROM moves WHERE from_file = '')"
               " USING (study_month)" +
               only(group);
    }

    /// Which file has a row from now on.
    Result<void> move_rows(Table table) {
        if (table != Table::Instance) {
            const std::string name(name_of(table));
            return engine_.run("UPDATE " + name + " SET file = m.to_file FROM moves m" +
                               " WHERE m.study_month = " + name +
                               ".study_month AND m.from_file = " + name + ".file");
        }
        return engine_.run(
            "UPDATE image_set SET instance_file = m.to_file FROM moves m"
            " WHERE m.from_file = image_set.instance_file;"
            " UPDATE image_set SET instance_file = f.to_file FROM"
            " (SELECT DISTINCT image_set_id, to_file FROM fresh_instance"
            " JOIN moves USING (study_month) WHERE from_file = '') f"
            " WHERE f.image_set_id = image_set.image_set_id");
    }

    Result<Committed> finish() {
        Committed committed;
        TRY(const auto sizes, store_.keep(new_files_));
        for (std::size_t i = 0; i < written_.size(); ++i) written_[i].bytes = sizes[i];
        committed.new_files = new_files_;
        committed.manifest = manifest_after(base_, replaced_, written_);
        TRY(const auto winners, engine_.rows("SELECT ordinal FROM winner"));
        for (const auto& row : winners) committed.written.push_back(std::stoull(*row[0]));
        return committed;
    }

    Engine& engine_;
    Store& store_;
    const Manifest& base_;
    std::vector<std::string>& new_files_;
    const std::int64_t file_rows_max_;
    std::map<std::pair<Table, std::string>, std::vector<DataFile>> files_;  ///< of the base
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
