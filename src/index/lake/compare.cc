#include "index/lake/compare.h"

#include <algorithm>
#include <set>

#include "index/lake/laid_down.h"

namespace larmor::index::lake {
namespace {

std::string_view key_of(Table table) {
    switch (table) {
        case Table::Patient:
            return "patient_key";
        case Table::Study:
            return "StudyInstanceUID";
        case Table::Series:
            return "SeriesInstanceUID";
        case Table::Instance:
            return "SOPInstanceUID";
        case Table::ImageSet:
            break;
    }
    return "image_set_id";
}

class Comparing {
public:
    Comparing(Engine& engine, std::span<const StudyDocuments> studies, Levels levels)
        : engine_(engine), studies_(studies), levels_(levels) {
        for (const auto& study : studies) newest_ = std::max(newest_, study.newest);
    }

    Result<std::vector<Drift>> run() {
        TRY_VOID(lay_down(engine_, studies_, levels_));
        TRY_VOID(lay_down_instances());
        TRY_VOID(find_foreign());
        for (const Table table : kTables) TRY_VOID(compare_table(table));
        if (std::ranges::any_of(studies_, is_rest)) TRY_VOID(compare_rest());
        return std::move(drift_);
    }

private:
    /// Files are sorted by study: of what is not between the first and the last one asked for
    /// little is read.
    Result<void> lay_down_instances() {
        std::string first;
        std::string last;
        for (const auto& study : studies_) {
            if (is_rest(study)) continue;
            const auto& uid = study.study_instance_uid;
            if (first.empty() || uid < first) first = uid;
            last = std::max(last, uid);
        }
        return engine_.run(
            "CREATE OR REPLACE TEMP TABLE is_instance AS SELECT StudyInstanceUID"
            " AS larmor_study, * FROM lake_instance WHERE StudyInstanceUID IN"
            " (SELECT uid FROM asked) AND StudyInstanceUID BETWEEN " +
            quoted_text(first) + " AND " + quoted_text(last));
    }

    /// Studies that only another library has here, where two share a lake, are its own.
    Result<void> find_foreign() {
        for (const auto& study : studies_) {
            if (is_rest(study) || !study.image_sets.empty()) continue;
            TRY(const auto others,
                engine_.rows("SELECT DISTINCT datastore_id FROM is_image_set WHERE"
                             " larmor_study = " +
                             quoted_text(study.study_instance_uid)));
            const bool is_ours =
                others.empty() || std::ranges::any_of(others, [&](const auto& row) {
                    return row[0] == study.datastore_id;
                });
            if (!is_ours) foreign_.insert(study.study_instance_uid);
        }
        return {};
    }

    std::string is_too_late() const {
        const std::string epoch = std::to_string(newest_.epoch);
        return "(larmor_epoch > " + epoch + " OR (larmor_epoch = " + epoch +
               " AND larmor_sequence > " + std::to_string(newest_.sequence) + "))::VARCHAR";
    }

    /// All that a row says: NULL is another value than an empty text, and no two values run
    /// into each other. Where the log stood is not the same each time; what is of later than
    /// that is wrong, since nothing would go over it any more.
    std::string text_of(Table table) const {
        std::string text = "concat_ws(chr(0), coalesce(study_month, chr(1))";
        for (const auto& column : columns_of(table)) {
            if (column.name == "larmor_epoch") {
                text += ", coalesce(" + is_too_late() + ", chr(1))";
            } else if (column.name != "larmor_sequence") {
                text += ", coalesce(" + quoted_name(column.name) + "::VARCHAR, chr(1))";
            }
        }
        return text + ")";
    }

    /// Rows that are there and rows that should be.
    std::string both(Table table) const {
        const std::string name(name_of(table));
        const std::string row = "SELECT larmor_study, " + std::string(key_of(table)) +
                                " AS row_key, " + text_of(table) + " AS said, ";
        return "(" + row + "true AS is_there FROM is_" + name + " UNION ALL " + row +
               "false AS is_there FROM should_" + name + ")";
    }

    /// Digests of each study's rows, whatever their order; keys are looked at where they
    /// differ.
    Result<void> compare_table(Table table) {
        TRY(const auto differing,
            engine_.rows("SELECT larmor_study FROM " + both(table) +
                         " GROUP BY larmor_study HAVING count(*) FILTER (is_there) <>"
                         " count(*) FILTER (NOT is_there) OR sum(md5_number_upper(said))"
                         " FILTER (is_there) IS DISTINCT FROM sum(md5_number_upper(said))"
                         " FILTER (NOT is_there)"));
        std::string uids;
        for (const auto& row : differing) {
            const std::string uid = row[0].value_or("");
            if (!foreign_.contains(uid)) uids += (uids.empty() ? "" : ", ") + quoted_text(uid);
        }
        return uids.empty() ? Result<void>() : count_rows(table, uids);
    }

    /// Of a key the rows that are there as they should be are no drift; of what is left one is
    /// another that says something else, as far as they go.
    Result<void> count_rows(Table table, const std::string& uids) {
        TRY(const auto counts,
            engine_.rows(
                "SELECT larmor_study, sum(greatest(wanted - there, 0)),"
                " sum(greatest(there - wanted, 0)), sum(least(wanted, there) - equal) FROM"
                " (SELECT larmor_study, row_key, sum(there) AS there, sum(wanted) AS wanted,"
                " sum(least(there, wanted)) AS equal FROM (SELECT larmor_study, row_key,"
                " md5(said) AS digest, count(*) FILTER (is_there) AS there,"
                " count(*) FILTER (NOT is_there) AS wanted FROM " +
                both(table) + " WHERE larmor_study IN (" + uids +
                ") GROUP BY ALL) GROUP BY larmor_study, row_key) GROUP BY larmor_study"
                " ORDER BY larmor_study"));
        for (const auto& row : counts) {
            drift_.push_back({.study_instance_uid = row[0].value(),
                              .table = std::string(name_of(table)),
                              .missing = std::stoull(row[1].value()),
                              .extra = std::stoull(row[2].value()),
                              .different = std::stoull(row[3].value())});
        }
        return {};
    }

    Result<void> compare_rest() {
        for (const Table table : kTables) {
            const std::string view = "lake_" + std::string(name_of(table));
            TRY(auto rows, engine_.number("SELECT count(*) FROM " + view + " WHERE " +
                                          is_rest_row(table)));
            if (table == Table::ImageSet) {
                TRY(const auto doubled,
                    engine_.number("SELECT count(*) - count(DISTINCT image_set_id) FROM"
                                   " lake_image_set WHERE is_deleted"));
                rows += doubled;
            }
            if (rows == 0) continue;
            drift_.push_back({.study_instance_uid = "",
                              .table = std::string(name_of(table)),
                              .extra = static_cast<std::size_t>(rows)});
        }
        return {};
    }

    Engine& engine_;
    const std::span<const StudyDocuments> studies_;
    const Levels levels_;
    events::Position newest_;
    std::set<std::string> foreign_;
    std::vector<Drift> drift_;
};

}  // namespace

Result<std::vector<std::string>> studies_in(Engine& engine, std::string_view after,
                                            std::size_t limit) {
    std::string from;
    for (const Table table : {Table::Study, Table::Series, Table::Instance}) {
        if (!from.empty()) from += " UNION ALL ";
        from += "SELECT StudyInstanceUID FROM lake_" + std::string(name_of(table));
    }
    TRY(const auto rows,
        engine.rows("SELECT DISTINCT StudyInstanceUID FROM (" + from +
                    ") WHERE StudyInstanceUID > " + quoted_text(after) +
                    " ORDER BY StudyInstanceUID LIMIT " + std::to_string(limit)));
    std::vector<std::string> uids;
    uids.reserve(rows.size());
    for (const auto& row : rows) uids.push_back(row[0].value_or(""));
    return uids;
}

Result<std::vector<Drift>> compare(Engine& engine, std::span<const StudyDocuments> studies,
                                   Levels levels) {
    return Comparing(engine, studies, levels).run();
}

}  // namespace larmor::index::lake
