#include "index/lake/repair.h"

#include <algorithm>
#include <map>
#include <set>

#include "index/lake/laid_down.h"
#include "index/lake/merge_policy.h"
#include "index/lake/new_files.h"
#include "index/lake/state.h"

namespace larmor::index::lake {
namespace {

using Months = std::map<std::string, std::set<std::string>>;  ///< month: files that lose rows

class Repairing {
public:
    Repairing(Engine& engine, Store& store, const Manifest& base, const StudyDocuments& study,
              const LakeOptions& options, std::vector<std::string>& new_files)
        : engine_(engine),
          store_(store),
          base_(base),
          study_(study),
          options_(options),
          new_files_(new_files),
          as_of_(study.newest) {
        for (const auto& document : study.image_sets) {
            as_of_ = std::min(as_of_, document.as_of);
        }
    }

    Result<std::optional<Committed>> run() {
        TRY_VOID(lay_down(engine_, std::span(&study_, 1), options_.levels));
        TRY(const bool is_later, has_later());
        if (is_later && !study_.is_forced) return std::optional<Committed>();
        TRY_VOID(is_rest(study_) ? make_fresh_rest() : make_fresh());
        for (const Table table : kTables) TRY_VOID(write(table));
        TRY(auto committed, finish());
        return std::optional(std::move(committed));
    }

private:
    Result<bool> has_later() {
        const std::string epoch = std::to_string(as_of_.epoch);
        const std::string is_later =
            " WHERE larmor_epoch > " + epoch + " OR (larmor_epoch = " + epoch +
            " AND larmor_sequence > " + std::to_string(as_of_.sequence) + ")";
        for (const char* table : {"is_patient", "is_study", "is_series", "is_image_set"}) {
            std::string sql = "SELECT count(*) FROM ";
            sql += table;
            sql += is_later;
            TRY(const auto later, engine_.number(sql));
            if (later != 0) return true;
        }
        return false;
    }

    std::string position() const {
        return std::to_string(as_of_.epoch) + "::BIGINT AS larmor_epoch, " +
               std::to_string(as_of_.sequence) + "::BIGINT AS larmor_sequence";
    }

    /// Of rows of `from`, one for each image set: it is deleted, so that nothing that is late
    /// brings it back.
    std::string tombstones_of(const std::string& from) const {
        return "SELECT any_value(datastore_id) AS datastore_id, image_set_id, max(version) AS"
               " version, coalesce(any_value(is_primary), true) AS is_primary, true AS"
               " is_deleted, NULL::VARCHAR AS SeriesInstanceUID, 0::INTEGER AS instances, " +
               std::to_string(columns_number(options_.levels)) +
               "::BIGINT AS larmor_columns, " + position() +
               ", any_value(study_month) AS study_month FROM " + from +
               " WHERE image_set_id IS NOT NULL GROUP BY image_set_id";
    }

    /// What is to be there. A patient that the study is none of any more keeps what is said of
    /// it, with the counts of what is left.
    Result<void> make_fresh() {
        return engine_.run(
            "CREATE OR REPLACE TEMP TABLE fresh_study AS SELECT * FROM should_study;"
            "CREATE OR REPLACE TEMP TABLE fresh_series AS SELECT * FROM should_series;"
            "CREATE OR REPLACE TEMP TABLE fresh_instance AS SELECT * FROM should_instance;"
            "CREATE OR REPLACE TEMP TABLE fresh_patient AS SELECT * FROM should_patient"
            " UNION ALL BY NAME SELECT * FROM (SELECT DISTINCT ON (x.patient_key) x.* REPLACE"
            " (c.NumberOfPatientRelatedStudies AS NumberOfPatientRelatedStudies,"
            " c.NumberOfPatientRelatedSeries AS NumberOfPatientRelatedSeries,"
            " c.NumberOfPatientRelatedInstances AS NumberOfPatientRelatedInstances,"
            " c.study_month AS study_month) FROM is_patient x JOIN patient_total c ON"
            " c.patient_key = x.patient_key WHERE x.patient_key NOT IN (SELECT patient_key FROM"
            " should_patient) ORDER BY x.patient_key, x.larmor_epoch DESC, x.larmor_sequence"
            " DESC);"
            "CREATE OR REPLACE TEMP TABLE fresh_image_set AS SELECT * FROM should_image_set"
            " UNION ALL BY NAME " +
            tombstones_of("(SELECT * FROM is_image_set WHERE image_set_id NOT IN"
                          " (SELECT image_set_id FROM should_image_set))"));
    }

    Result<void> make_fresh_rest() {
        std::string sql;
        for (const Table table : kTables) {
            const std::string name(name_of(table));
            if (table == Table::ImageSet) {
                sql +=
                    "CREATE OR REPLACE TEMP TABLE taken AS SELECT * FROM lake_image_set"
                    " WHERE " +
                    taken(table) + "; CREATE OR REPLACE TEMP TABLE fresh_image_set AS " +
                    tombstones_of("taken");
            } else {
                sql += "CREATE OR REPLACE TEMP TABLE fresh_";
                sql += name;
                sql += " AS SELECT * FROM lake_";
                sql += name;
                sql += " WHERE false; ";
            }
        }
        return engine_.run(sql);
    }

    /// SQL: whether a row of the view goes, to be written anew or not at all.
    std::string taken(Table table) const {
        if (is_rest(study_)) {
            if (table != Table::ImageSet) return is_rest_row(table);
            return "(" + is_rest_row(table) +
                   ") OR image_set_id IN (SELECT image_set_id FROM lake_image_set WHERE"
                   " is_deleted GROUP BY image_set_id HAVING count(*) > 1)";
        }
        const std::string of_study =
            "StudyInstanceUID = " + quoted_text(study_.study_instance_uid);
        switch (table) {
            case Table::Patient:
                return "patient_key IN (SELECT patient_key FROM patient_of WHERE patient_key IS"
                       " NOT NULL)";
            case Table::Series:
                return of_study +
                       " OR SeriesInstanceUID IN (SELECT SeriesInstanceUID FROM staged_set)";
            case Table::ImageSet:
                return "image_set_id IN (SELECT image_set_id FROM is_image_set)";
            case Table::Study:
            case Table::Instance:
                break;
        }
        return of_study;
    }

    Result<Months> months_of(Table table) {
        const std::string name(name_of(table));
        TRY(const auto rows,
            engine_.rows("SELECT DISTINCT study_month, file FROM lake_" + name + " WHERE " +
                         taken(table) + " UNION SELECT DISTINCT study_month, '' FROM fresh_" +
                         name));
        Months months;
        for (const auto& row : rows) {
            auto& files = months[row[0].value_or("other")];
            if (row[1] && !row[1]->empty()) files.insert(*row[1]);
        }
        TRY_VOID(add_shortened(table, months));
        return months;
    }

    /// Files whose rows were dropped: who remembers what was in them forgets it when they go.
    Result<void> add_shortened(Table table, Months& months) {
        std::string names;
        for (const auto& [month, files] : months) {
            names += (names.empty() ? "" : ", ") + quoted_text(month);
        }
        if (names.empty()) return {};
        TRY(const auto counted,
            engine_.rows("SELECT file, count(*) FROM lake_" + std::string(name_of(table)) +
                         " WHERE study_month IN (" + names + ") GROUP BY file"));
        std::map<std::string, std::string> rows;
        for (const auto& row : counted) rows[row[0].value_or("")] = row[1].value_or("");
        for (const auto& file : base_.files) {
            const auto month = months.find(file.month);
            if (file.table != table || month == months.end()) continue;
            if (rows[file.id] != std::to_string(file.rows)) month->second.insert(file.id);
        }
        return {};
    }

    Result<void> write(Table table) {
        TRY(const auto months, months_of(table));
        for (const auto& [month, touched] : months) {
            std::vector<DataFile> files;
            for (const auto& file : base_.files) {
                if (file.table == table && file.month == month) files.push_back(file);
            }
            NewFile one{.file = {.table = table, .month = month, .id = new_file_id()}};
            TRY(one.new_rows,
                engine_.number("SELECT count(*) FROM fresh_" + std::string(name_of(table)) +
                               " WHERE study_month = " + quoted_text(month)));
            one.merged =
                files_to_merge(std::move(files), touched, one.new_rows, options_.file_rows_max);
            for (const auto& file : one.merged) replaced_.insert(file.id);
            TRY(const auto source, rows_of(one));
            TRY_VOID(write_group(engine_, store_, {&one}, source, new_files_));
            if (one.file.rows > 0) written_.push_back(std::move(one.file));
        }
        return {};
    }

    /// Of the files that are merged what is not taken, and what is fresh.
    Result<std::string> rows_of(const NewFile& one) const {
        const Table table = one.file.table;
        const std::string fresh = "SELECT * FROM fresh_" + std::string(name_of(table)) +
                                  " WHERE study_month = " + quoted_text(one.file.month);
        if (one.merged.empty()) return "(" + fresh + ")";
        TRY(const auto list, readable_list(store_, one.merged));
        return "(SELECT * FROM (" + scan_of(table, list) + ") WHERE NOT coalesce(" +
               taken(table) + ", false) UNION ALL BY NAME " + fresh + ")";
    }

    Result<Committed> finish() {
        TRY(const auto sizes, store_.keep(new_files_));
        for (std::size_t i = 0; i < written_.size(); ++i) written_[i].bytes = sizes[i];
        const bool has_changed = !replaced_.empty() || !written_.empty();
        return Committed{
            .manifest = has_changed ? manifest_after(base_, replaced_, written_) : base_,
            .new_files = new_files_,
            .written = {}};
    }

    Engine& engine_;
    Store& store_;
    const Manifest& base_;
    const StudyDocuments& study_;
    const LakeOptions& options_;
    std::vector<std::string>& new_files_;
    events::Position as_of_;  ///< of its oldest document
    std::vector<DataFile> written_;
    std::set<std::string> replaced_;
};

}  // namespace

Result<std::optional<Committed>> make_right(Engine& engine, Store& store, const Manifest& base,
                                            const StudyDocuments& study,
                                            const LakeOptions& options,
                                            std::vector<std::string>& new_files) {
    return Repairing(engine, store, base, study, options, new_files).run();
}

}  // namespace larmor::index::lake
