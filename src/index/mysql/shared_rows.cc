#include "index/mysql/shared_rows.h"

#include <map>

#include "index/mysql/keys.h"
#include "index/mysql/quote.h"
#include "index/mysql/upsert.h"

namespace larmor::index::mysql {
namespace {

/// Texts and the numbers of their rows.
using Numbers = std::map<std::string, std::int64_t, std::less<>>;
/// Of each key the newest document.
template <typename Key>
using Newest = std::map<Key, const ImageSetDocument*>;

template <typename Key>
void note(Newest<Key>& newest, Key key, const ImageSetDocument& document) {
    const auto [at, is_new] = newest.try_emplace(std::move(key), &document);
    if (!is_new && at->second->as_of < document.as_of) at->second = &document;
}

template <typename Key>
std::set<std::string> keys_of(const std::map<std::string, Key, std::less<>>& map) {
    std::set<std::string> keys;
    for (const auto& [key, value] : map) keys.insert(key);
    return keys;
}

std::int64_t number_in(const Connection::Row& row, std::size_t column) {
    return std::stoll(row.at(column).value());
}

/// Of a row that was written before. What a document has put there another one can have taken
/// away only where rows were changed by hand.
Result<std::int64_t> find(const Numbers& numbers, std::string_view key) {
    const auto found = numbers.find(key);
    if (found != numbers.end()) return found->second;
    return fail(ErrorCode::Conflict, "a row that was written is not there");
}

class Putting {
public:
    Putting(Connection& connection, const Tables& tables, Entries& entries)
        : connection_(connection), tables_(tables), entries_(entries) {}

    Result<TouchedRows> run() {
        TRY_VOID(put_patients());
        TRY_VOID(lock_studies());
        TRY_VOID(put_studies());
        TRY_VOID(put_series());
        return std::move(touched_);
    }

private:
    static bool has_study(const Entry& entry) {
        return !entry.document->study_instance_uid.empty();
    }
    static bool has_series(const Entry& entry) {
        return has_study(entry) && !entry.document->series_instance_uid.empty();
    }
    static bool has_patient(const Entry& entry) {
        return has_study(entry) || !entry.document->patient_id.empty();
    }

    Result<Numbers> numbers(std::string_view table, std::string_view key,
                            const std::set<std::string>& of) {
        const std::string name(table);
        TRY(const auto rows,
            connection_.rows("SELECT " + std::string(key) + ", " + name + "_pkey FROM " + name +
                             " WHERE " + std::string(key) + " IN (" + list(of) + ")"));
        Numbers found;
        for (const auto& row : rows) found[row[0].value()] = number_in(row, 1);
        return found;
    }

    /// Read first: an INSERT would lock the row of an issuer that all share.
    Result<Numbers> put_issuers() {
        std::set<std::string> names;
        for (const Entry& entry : entries_) {
            if (has_patient(entry)) names.insert(issuer_key(*entry.document));
        }
        if (names.empty()) return Numbers();
        TRY(auto found, numbers("issuer", "issuerofpatientid", names));
        if (found.size() == names.size()) return found;
        Insert insert(connection_, "INSERT INTO issuer (issuerofpatientid)",
                      " ON DUPLICATE KEY UPDATE issuer_pkey = issuer_pkey");
        for (const auto& name : names) {
            if (!found.contains(name)) TRY_VOID(insert.add(in_quotes(name)));
        }
        TRY_VOID(insert.finish());
        return numbers("issuer", "issuerofpatientid", names);
    }

    using PatientKey = std::pair<std::string, std::int64_t>;  ///< with the number of its issuer
    Result<PatientKey> patient_of(const Numbers& issuers, const ImageSetDocument& document) {
        TRY(const auto issuer, find(issuers, issuer_key(document)));
        return PatientKey{patient_key(document), issuer};
    }

    Result<void> put_patients() {
        TRY(const auto issuers, put_issuers());
        Newest<PatientKey> newest;
        std::set<std::string> ids;
        for (const Entry& entry : entries_) {
            if (!has_patient(entry)) continue;
            TRY(auto key, patient_of(issuers, *entry.document));
            ids.insert(key.first);
            note(newest, std::move(key), *entry.document);
        }
        if (newest.empty()) return {};
        Upsert upsert(connection_, "patient", {"issuer_pkey", "patientid"}, {},
                      tables_.of(Level::Patient));
        for (const auto& [key, document] : newest) {
            const std::array fields = {std::to_string(key.second), in_quotes(key.first)};
            TRY_VOID(upsert.add(fields, patient_values(*document), document->as_of));
        }
        TRY_VOID(upsert.finish());
        TRY(const auto rows, connection_.rows("SELECT patientid, issuer_pkey, patient_pkey"
                                              " FROM patient WHERE patientid IN (" +
                                              list(ids) + ")"));
        std::map<PatientKey, std::int64_t> found;
        for (const auto& row : rows) {
            found[{row[0].value(), number_in(row, 1)}] = number_in(row, 2);
        }
        for (Entry& entry : entries_) {
            if (!has_patient(entry)) continue;
            TRY(const auto key, patient_of(issuers, *entry.document));
            entry.patient = found[key];
            if (!has_study(entry)) touched_.patients.insert(entry.patient);
        }
        return {};
    }

    /// Those in which the image sets were, and those in which they are to be, by their UIDs.
    Result<void> lock_studies() {
        std::set<std::string> uids;
        for (const Entry& entry : entries_) {
            if (has_study(entry)) uids.insert(entry.document->study_instance_uid);
        }
        touched_.series = rows_of(entries_, &Entry::old_series);
        if (!touched_.series.empty()) {
            TRY(const auto rows,
                connection_.rows("SELECT t.studyinstanceuid FROM series s JOIN study t"
                                 " ON t.study_pkey = s.study_pkey WHERE s.series_pkey IN (" +
                                 list(touched_.series) + ")"));
            for (const auto& row : rows) uids.insert(row[0].value());
        }
        if (uids.empty()) return {};
        TRY(const auto rows,
            connection_.rows("SELECT study_pkey, patient_pkey FROM study WHERE"
                             " studyinstanceuid IN (" +
                             list(uids) + ") ORDER BY studyinstanceuid FOR UPDATE"));
        for (const auto& row : rows) {
            touched_.studies.insert(number_in(row, 0));
            touched_.patients.insert(number_in(row, 1));
        }
        return {};
    }

    Result<void> put_studies() {
        Newest<std::string> newest;
        std::map<std::string, std::int64_t> patients;
        std::set<std::string> uids;
        for (const Entry& entry : entries_) {
            if (!has_study(entry)) continue;
            const auto& uid = entry.document->study_instance_uid;
            uids.insert(uid);
            note(newest, uid, *entry.document);
            if (newest[uid] == entry.document) patients[uid] = entry.patient;
        }
        if (newest.empty()) return {};
        Upsert upsert(connection_, "study", {"studyinstanceuid"}, {"patient_pkey"},
                      tables_.of(Level::Study));
        for (const auto& [uid, document] : newest) {
            const std::array fields = {in_quotes(uid), std::to_string(patients[uid])};
            TRY_VOID(upsert.add(fields, document->study, document->as_of));
        }
        TRY_VOID(upsert.finish());
        TRY(const auto rows,
            connection_.rows("SELECT studyinstanceuid, study_pkey, patient_pkey FROM study"
                             " WHERE studyinstanceuid IN (" +
                             list(uids) + ")"));
        Numbers studies;
        Rows kept;
        for (const auto& row : rows) {
            studies[row[0].value()] = number_in(row, 1);
            kept.insert(number_in(row, 2));
        }
        for (Entry& entry : entries_) {
            if (!has_study(entry)) continue;
            TRY(entry.study, find(studies, entry.document->study_instance_uid));
            touched_.studies.insert(entry.study);
            // What is older left the study with another patient, or puts one that is no more.
            if (!entry.is_put() || !kept.contains(entry.patient)) {
                touched_.patients.insert(entry.patient);
            }
        }
        return {};
    }

    Result<void> put_series() {
        Newest<std::string> newest;
        std::map<std::string, std::int64_t> studies;
        std::set<std::string> uids;
        for (const Entry& entry : entries_) {
            if (!has_series(entry)) continue;
            const auto& uid = entry.document->series_instance_uid;
            uids.insert(uid);
            note(newest, uid, *entry.document);
            if (newest[uid] == entry.document) studies[uid] = entry.study;
        }
        if (newest.empty()) return {};
        Upsert upsert(connection_, "series", {"seriesinstanceuid"}, {"study_pkey"},
                      tables_.of(Level::Series));
        for (const auto& [uid, document] : newest) {
            const std::array fields = {in_quotes(uid), std::to_string(studies[uid])};
            TRY_VOID(upsert.add(fields, document->series, document->as_of));
        }
        TRY_VOID(upsert.finish());
        TRY(const auto found, numbers("series", "seriesinstanceuid", uids));
        for (Entry& entry : entries_) {
            if (!has_series(entry)) continue;
            TRY(entry.series, find(found, entry.document->series_instance_uid));
            touched_.series.insert(entry.series);
        }
        return {};
    }

    Connection& connection_;
    const Tables& tables_;
    Entries& entries_;
    TouchedRows touched_;
};

/// Removes series and studies of which nothing is left, and adds patients that were theirs.
Result<void> remove_empty(Connection& connection, const TouchedRows& touched) {
    if (!touched.series.empty()) {
        TRY_VOID(connection.run("DELETE FROM series WHERE series_pkey IN (" +
                                list(touched.series) +
                                ") AND NOT EXISTS (SELECT 1 FROM imageset m"
                                " WHERE m.series_pkey = series.series_pkey)"));
    }
    if (touched.studies.empty()) return {};
    return connection.run("DELETE FROM study WHERE study_pkey IN (" + list(touched.studies) +
                          ") AND NOT EXISTS (SELECT 1 FROM series s"
                          " WHERE s.study_pkey = study.study_pkey)");
}

}  // namespace

Result<TouchedRows> put_shared_rows(Connection& connection, const Tables& tables,
                                    Entries& entries) {
    return Putting(connection, tables, entries).run();
}

Result<void> count_rows(Connection& connection, const TouchedRows& touched, bool may_be_empty) {
    if (may_be_empty) TRY_VOID(remove_empty(connection, touched));
    if (!touched.series.empty()) {
        TRY_VOID(
            connection.run("UPDATE series SET numberofseriesrelatedinstances = (SELECT"
                           " COALESCE(SUM(a.instances), 0) FROM larmor_applied a"
                           " WHERE a.series_pkey = series.series_pkey) WHERE series_pkey IN (" +
                           list(touched.series) + ")"));
    }
    if (!touched.studies.empty()) {
        TRY_VOID(connection.run(
            "UPDATE study SET numberofstudyrelatedseries = (SELECT COUNT(*) FROM series s"
            " WHERE s.study_pkey = study.study_pkey AND s.numberofseriesrelatedinstances > 0),"
            " numberofstudyrelatedinstances = (SELECT"
            " COALESCE(SUM(s.numberofseriesrelatedinstances), 0) FROM series s"
            " WHERE s.study_pkey = study.study_pkey) WHERE study_pkey IN (" +
            list(touched.studies) + ")"));
    }
    return drop_unused_patients(connection, touched.patients);
}

Result<void> drop_unused_patients(Connection& connection, const Rows& patients) {
    if (patients.empty()) return {};
    // Read first: a DELETE locks what it looks at.
    const std::string has_no_study =
        " AND NOT EXISTS (SELECT 1 FROM study t WHERE t.patient_pkey = patient.patient_pkey)";
    TRY(const auto rows,
        connection.rows(
            "SELECT patient_pkey, issuer_pkey FROM patient WHERE patient_pkey IN (" +
            list(patients) + ")" + has_no_study));
    if (rows.empty()) return {};
    Rows unused;
    Rows issuers;
    for (const auto& row : rows) {
        unused.insert(number_in(row, 0));
        issuers.insert(number_in(row, 1));
    }
    TRY_VOID(connection.run("DELETE FROM patient WHERE patient_pkey IN (" + list(unused) + ")" +
                            has_no_study));
    // One that somebody has described stays.
    return connection.run("DELETE FROM issuer WHERE issuer_pkey IN (" + list(issuers) +
                          ") AND description IS NULL AND NOT EXISTS (SELECT 1 FROM patient p"
                          " WHERE p.issuer_pkey = issuer.issuer_pkey)");
}

}  // namespace larmor::index::mysql
