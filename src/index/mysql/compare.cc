#include "index/mysql/compare.h"

#include <algorithm>
#include <map>

#include "index/mysql/compared_tables.h"
#include "index/mysql/import_job_rows.h"
#include "index/mysql/quote.h"
#include "index/mysql/sql_value.h"

namespace larmor::index::mysql {
namespace {

/// Of all rows of a study in one table.
struct Digest {
    std::string rows = "0";
    std::string sum = "0";  ///< of the rows' digests: whatever their order
    friend bool operator==(const Digest&, const Digest&) = default;
};

class Comparing {
public:
    Comparing(Connection& connection, const Tables& tables,
              std::span<const StudyDocuments> studies)
        : connection_(connection),
          tables_(tables),
          studies_(studies),
          compared_(compared_tables(tables, studies)) {}

    Result<std::vector<Drift>> run() {
        TRY_VOID(find_foreign());
        for (std::size_t i = 0; i < compared_.size(); ++i) TRY_VOID(lay_down(i));
        // All tables as they are at one moment.
        TRY_VOID(connection_.run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"));
        TRY_VOID(connection_.run("START TRANSACTION WITH CONSISTENT SNAPSHOT"));
        for (const auto& table : compared_) TRY_VOID(compare_table(table));
        for (const auto& study : studies_) {
            if (study.study_instance_uid.empty()) TRY_VOID(compare_rest(study.datastore_id));
        }
        TRY_VOID(connection_.run("COMMIT"));
        for (const auto& table : compared_) TRY_VOID(drop(table));
        return std::move(drift_);
    }

private:
    static std::string expected_name(const ComparedTable& table) {
        return "larmor_expected_" + std::string(table.name);
    }
    /// Studies that only another library has here, where two share a database, are its own.
    Result<void> find_foreign() {
        for (const auto& study : studies_) {
            if (study.image_sets.empty() && !study.study_instance_uid.empty()) {
                TRY(const auto other,
                    connection_.number(
                        "SELECT 1 FROM study t JOIN series s ON s.study_pkey = t.study_pkey"
                        " JOIN imageset m ON m.series_pkey = s.series_pkey"
                        " WHERE t.studyinstanceuid = " +
                        in_quotes(study.study_instance_uid) + " AND m.datastoreid <> " +
                        in_quotes(study.datastore_id) + " LIMIT 1"));
                if (other) continue;
            }
            uids_.push_back(study.study_instance_uid);
        }
        return {};
    }

    Result<void> drop(const ComparedTable& table) {
        return connection_.run("DROP TEMPORARY TABLE IF EXISTS " + expected_name(table));
    }

    /// What should be there.
    Result<void> lay_down(std::size_t index) {
        const ComparedTable& table = compared_[index];
        TRY_VOID(drop(table));
        TRY_VOID(connection_.run("CREATE TEMPORARY TABLE " + expected_name(table) +
                                 " ENGINE = InnoDB AS " + table.select() + " LIMIT 0"));
        const std::string head =
            "INSERT INTO " + expected_name(table) + " (" + table.column_names() + ") VALUES ";
        std::string sql;
        for (const auto& study : studies_) {
            for (const auto& row : expected_rows(index, tables_, study)) {
                sql += sql.empty() ? head : ", ";
                append_row(sql, table, row);
                if (sql.size() < connection_.statement_max_bytes()) continue;
                TRY_VOID(connection_.run(sql));
                sql.clear();
            }
        }
        return sql.empty() ? Result<void>() : connection_.run(sql);
    }

    static void append_row(std::string& sql, const ComparedTable& table,
                           const ExpectedRow& row) {
        constexpr std::size_t kKeys = 2;
        for (std::size_t i = 0; i < row.size(); ++i) {
            sql += i == 0 ? '(' : ',';
            const Column* const column = i < kKeys ? nullptr : table.values[i - kKeys].column;
            if (column != nullptr) {
                append_value(sql, *column, row[i]);
            } else {
                sql += row[i] ? in_quotes(*row[i]) : "NULL";
            }
        }
        sql += ')';
    }

    Result<std::map<std::string, Digest>> digests(const ComparedTable& table,
                                                  const std::string& rows) {
        TRY(const auto found,
            connection_.rows("SELECT larmor_study, COUNT(*), SUM(larmor_digest) FROM (SELECT"
                             " larmor_study, " +
                             table.digest() + " AS larmor_digest FROM (" + rows +
                             ") r) d GROUP BY larmor_study"));
        std::map<std::string, Digest> all;
        for (const auto& row : found) {
            all[row[0].value()] = {row[1].value(), row[2].value_or("")};
        }
        return all;
    }

    Result<void> compare_table(const ComparedTable& table) {
        const std::string there =
            table.select() + " WHERE t.studyinstanceuid IN (" + list(uids_) + ")";
        TRY(auto is, digests(table, there));
        TRY(auto should_be, digests(table, table.select_from(expected_name(table))));
        std::vector<std::string> differ;
        for (const auto& uid : uids_) {
            if (is[uid] != should_be[uid]) differ.push_back(uid);
        }
        return differ.empty() ? Result<void>() : compare_rows(table, differ);
    }

    /// Counted by the server, however many rows differ. Of a key, a row that is missing and one
    /// that is too many are one that says something else.
    Result<void> compare_rows(const ComparedTable& table,
                              const std::vector<std::string>& uids) {
        const std::string studies = list(uids);
        // Numbers only, so that the rows of a large table are grouped in the server's memory.
        const auto rows_as = [&](const char* count, const std::string& rows) {
            return std::string("SELECT ") + count + " AS n, FIELD(larmor_study, " + studies +
                   ") AS study, " + ComparedTable::number_of("larmor_key") + " AS row_key, " +
                   table.digest() + " AS digest FROM (" + rows + ") r";
        };
        const std::string differing =
            "SELECT study, row_key, SUM(n) AS surplus FROM (" +
            rows_as("1", table.select() + " WHERE t.studyinstanceuid IN (" + studies + ")") +
            " UNION ALL " +
            rows_as("-1", table.select_from(expected_name(table)) + " WHERE larmor_study IN (" +
                              studies + ")") +
            ") b GROUP BY study, row_key, digest HAVING surplus <> 0";
        const std::string by_key =
            "SELECT study, SUM(GREATEST(-surplus, 0)) AS lacking,"
            " SUM(GREATEST(surplus, 0)) AS too_many FROM (" +
            differing + ") d GROUP BY study, row_key";
        TRY(const auto found,
            connection_.rows("SELECT study, SUM(GREATEST(lacking - too_many, 0)),"
                             " SUM(GREATEST(too_many - lacking, 0)),"
                             " SUM(LEAST(lacking, too_many)) FROM (" +
                             by_key + ") k GROUP BY study ORDER BY study"));
        const auto count = [](const Connection::Row& row, std::size_t column) {
            return static_cast<std::size_t>(std::stoull(row.at(column).value()));
        };
        for (const auto& row : found) {
            drift_.push_back({.study_instance_uid = uids.at(count(row, 0) - 1),
                              .table = std::string(table.name),
                              .missing = count(row, 1),
                              .extra = count(row, 2),
                              .different = count(row, 3)});
        }
        return {};
    }

    Result<void> compare_rest(const std::string& datastore_id);

    Connection& connection_;
    const Tables& tables_;
    const std::span<const StudyDocuments> studies_;
    const std::vector<ComparedTable> compared_;
    std::vector<std::string> uids_;
    std::vector<Drift> drift_;
};

/// Rows that belong to no study.
struct Rest {
    std::string_view table;
    std::string where;
};

std::vector<Rest> rest_of(std::string_view datastore_id) {
    return {
        // First, so that its issuers are without anybody then.
        {"patient",
         "NOT EXISTS (SELECT 1 FROM study t WHERE t.patient_pkey = patient.patient_pkey)"},
        // One that somebody has described is theirs.
        {"issuer",
         "description IS NULL AND NOT EXISTS"
         " (SELECT 1 FROM patient p WHERE p.issuer_pkey = issuer.issuer_pkey)"},
        {"conflict",
         "NOT EXISTS (SELECT 1 FROM series s WHERE s.series_pkey = conflict.series_pkey)"},
        {"tag",
         "NOT EXISTS (SELECT 1 FROM series s JOIN imageset m ON m.imageset_pkey ="
         " tag.imageset_pkey WHERE s.series_pkey = tag.series_pkey)"},
        {"imagetype",
         "NOT EXISTS (SELECT 1 FROM larmor_imagetype l"
         " WHERE l.imagetype_pkey = imagetype.imagetype_pkey)"},
        {"larmor_applied", "NOT is_deleted AND datastoreid = " + in_quotes(datastore_id) +
                               " AND NOT EXISTS (SELECT 1 FROM series s WHERE s.series_pkey ="
                               " larmor_applied.series_pkey)"}};
}

Result<void> Comparing::compare_rest(const std::string& datastore_id) {
    for (const auto& rest : rest_of(datastore_id)) {
        TRY(const auto rows,
            connection_.number("SELECT COUNT(*) FROM " + std::string(rest.table) + " WHERE " +
                               rest.where));
        if (rows.value_or(0) == 0) continue;
        drift_.push_back({.study_instance_uid = "",
                          .table = std::string(rest.table),
                          .extra = static_cast<std::size_t>(*rows)});
    }
    return {};
}

}  // namespace

Result<std::vector<Drift>> compare(Connection& connection, const Tables& tables,
                                   std::span<const StudyDocuments> studies) {
    auto drift = Comparing(connection, tables, studies).run();
    // What is laid down goes with the next check, or with the session.
    if (!drift && !connection.is_lost()) TRY_VOID(connection.run("ROLLBACK"));
    return drift;
}

Result<void> repair_rest(Connection& connection, const StudyDocuments& rest_study) {
    for (const auto& rest : rest_of(rest_study.datastore_id)) {
        TRY_VOID(
            connection.run("DELETE FROM " + std::string(rest.table) + " WHERE " + rest.where));
    }
    return repair_import_jobs(connection, rest_study.datastore_id, rest_study.import_jobs,
                              rest_study.is_forced);
}

}  // namespace larmor::index::mysql
