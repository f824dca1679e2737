#include "index/mysql/write_document.h"

#include "index/mysql/keys.h"
#include "index/mysql/upsert.h"

namespace larmor::index::mysql {
namespace {

class Writing {
public:
    Writing(Connection& connection, const Tables& tables, const ImageSetDocument& document)
        : connection_(connection), tables_(tables), document_(document) {}

    Result<Target::Applied> run() {
        TRY_VOID(lock_image_set());
        TRY_VOID(lock_old_rows());
        if (!document_.study_instance_uid.empty()) {
            TRY_VOID(put_patient());
            TRY_VOID(put_study());
            if (!document_.series_instance_uid.empty()) TRY_VOID(put_series());
        } else if (!document_.patient_id.empty()) {
            TRY_VOID(put_patient());
        }
        if (is_newer_) {
            TRY_VOID(document_.is_deleted ? remove_image_set() : put_image_set());
            TRY_VOID(note_applied());
        }
        TRY_VOID(count(old_study_, old_series_));
        if (study_ != old_study_ || series_ != old_series_) TRY_VOID(count(study_, series_));
        if (old_patient_ != 0 && old_patient_ != patient_) {
            TRY_VOID(drop_unused_patient(connection_, old_patient_));
        }
        if (study_ == 0 && patient_ != 0) TRY_VOID(drop_unused_patient(connection_, patient_));
        return is_newer_ ? Target::Applied::Written : Target::Applied::Older;
    }

private:
    std::string q(std::string_view text) const { return quoted(connection_, text); }
    std::string image_set_key() const {
        return "datastoreid = " + q(document_.datastore_id) +
               " AND imagesetid = " + q(document_.image_set_id);
    }

    /// Whoever else has a document of it waits here.
    Result<void> lock_image_set() {
        TRY_VOID(connection_.run(
            "INSERT INTO larmor_applied (datastoreid, imagesetid, epoch, sequence, version,"
            " is_deleted, instances) VALUES (" +
            q(document_.datastore_id) + ", " + q(document_.image_set_id) +
            ", 0, 0, 0, FALSE, 0) ON DUPLICATE KEY UPDATE version = version"));
        TRY(const auto rows, connection_.rows("SELECT epoch, version, series_pkey FROM"
                                              " larmor_applied WHERE " +
                                              image_set_key() + " FOR UPDATE"));
        const auto epoch = std::stoll(rows.at(0).at(0).value());
        const auto version = std::stoll(rows.at(0).at(1).value());
        if (rows[0][2]) old_series_ = std::stoll(*rows[0][2]);
        // After a restore from a backup, versions begin again where the backup was.
        is_newer_ =
            std::pair(document_.as_of.epoch, document_.version) >
            std::pair(static_cast<std::int64_t>(epoch), static_cast<std::int64_t>(version));
        return {};
    }

    /// Where the image set was counted up to now.
    Result<void> lock_old_rows() {
        if (old_series_ == 0) return {};
        TRY(const auto rows,
            connection_.rows("SELECT t.study_pkey, t.patient_pkey FROM series s JOIN study t"
                             " ON t.study_pkey = s.study_pkey WHERE s.series_pkey = " +
                             std::to_string(old_series_)));
        if (rows.empty()) {
            old_series_ = 0;
            return {};
        }
        old_study_ = std::stoll(rows.at(0).at(0).value());
        old_patient_ = std::stoll(rows.at(0).at(1).value());
        return connection_
            .rows("SELECT study_pkey FROM study WHERE study_pkey = " +
                  std::to_string(old_study_) + " FOR UPDATE")
            .map([](const auto&) {});
    }

    Result<std::int64_t> issuer() {
        const std::string name = issuer_key(document_);
        const std::string find =
            "SELECT issuer_pkey FROM issuer WHERE issuerofpatientid = " + q(name);
        // Read first: an INSERT would lock the row of an issuer that all share.
        TRY(const auto found, connection_.number(find));
        if (found) return *found;
        TRY_VOID(connection_.run(
            "INSERT INTO issuer (issuerofpatientid) VALUES (" + q(name) +
            ") ON DUPLICATE KEY UPDATE issuer_pkey = LAST_INSERT_ID(issuer_pkey)"));
        return connection_.last_insert_id();
    }

    Result<std::int64_t> put(Level level, std::string_view primary_key,
                             std::vector<std::string> keys, std::vector<std::string> own,
                             const std::vector<std::string>& fields, const Values& values) {
        Upsert upsert(connection_, name_of(level), primary_key, std::move(keys), std::move(own),
                      tables_.of(level));
        upsert.add(fields, values, document_.as_of);
        TRY_VOID(connection_.run(upsert.take()));
        return connection_.last_insert_id();
    }

    Result<void> put_patient() {
        TRY(const std::int64_t issuer_row, issuer());
        TRY(patient_, put(Level::Patient, "patient_pkey", {"issuer_pkey", "patientid"}, {},
                          {std::to_string(issuer_row), q(patient_key(document_))},
                          patient_values(document_)));
        return {};
    }

    Result<void> put_study() {
        TRY(const auto before, patient_of_study());
        if (before) old_patient_ = *before;
        TRY(study_,
            put(Level::Study, "study_pkey", {"studyinstanceuid"}, {"patient_pkey"},
                {q(document_.study_instance_uid), std::to_string(patient_)}, document_.study));
        TRY(const auto now, patient_of_study());
        // What is older left it with another patient.
        if (now && *now != patient_) old_patient_ = std::exchange(patient_, *now);
        return {};
    }
    Result<std::optional<std::int64_t>> patient_of_study() {
        return connection_.number("SELECT patient_pkey FROM study WHERE studyinstanceuid = " +
                                  q(document_.study_instance_uid) + " FOR UPDATE");
    }

    Result<void> put_series() {
        TRY(series_,
            put(Level::Series, "series_pkey", {"seriesinstanceuid"}, {"study_pkey"},
                {q(document_.series_instance_uid), std::to_string(study_)}, document_.series));
        return {};
    }

    Result<void> put_image_set() {
        TRY_VOID(connection_.run(
            "INSERT INTO imageset (series_pkey, imagesetid, datastoreid) VALUES (" +
            std::to_string(series_) + ", " + q(document_.image_set_id) + ", " +
            q(document_.datastore_id) +
            ") ON DUPLICATE KEY UPDATE series_pkey = VALUES(series_pkey),"
            " imageset_pkey = LAST_INSERT_ID(imageset_pkey)"));
        const std::int64_t image_set = connection_.last_insert_id();
        TRY_VOID(put_conflict(image_set));
        if (document_.is_primary && tables_.levels.has(Level::Instance)) {
            TRY_VOID(put_instances(image_set));
        }
        // Those that this version has no more.
        return connection_.run(
            "DELETE FROM instance WHERE imageset_pkey = " + std::to_string(image_set) +
            (tables_.levels.has(Level::Instance)
                 ? " AND larmor_version <> " + std::to_string(document_.version)
                 : ""));
    }

    Result<void> put_conflict(std::int64_t image_set) {
        // Of another series, too, where its UIDs were edited.
        TRY_VOID(connection_.run(
            "DELETE FROM conflict WHERE imageset_pkey = " + std::to_string(image_set) +
            (document_.is_primary ? "" : " AND series_pkey <> " + std::to_string(series_))));
        if (document_.is_primary) return {};
        return connection_.run(
            "INSERT IGNORE INTO conflict (series_pkey, imageset_pkey,"
            " priority, conflict_type) VALUES (" +
            std::to_string(series_) + ", " + std::to_string(image_set) + ", " +
            std::to_string(kConflictPriority) + ", " + q(kConflictType) + ")");
    }

    Result<void> put_instances(std::int64_t image_set) {
        Upsert upsert(connection_, "instance", "instance_pkey", {"sopinstanceuid"},
                      {"series_pkey", "imageset_pkey", "larmor_version"},
                      tables_.of(Level::Instance));
        std::vector<std::string> fields = {{},
                                           std::to_string(series_),
                                           std::to_string(image_set),
                                           std::to_string(document_.version)};
        for (const auto& instance : document_.instances) {
            fields[0] = q(instance.sop_instance_uid);
            if (upsert.add(fields, instance.values, document_.as_of)) {
                TRY_VOID(connection_.run(upsert.take()));
            }
        }
        if (upsert.is_empty()) return {};
        return connection_.run(upsert.take());
    }

    Result<void> remove_image_set() {
        TRY(const auto image_set,
            connection_.number("SELECT imageset_pkey FROM imageset WHERE " + image_set_key()));
        if (!image_set) return {};
        const std::string key = " WHERE imageset_pkey = " + std::to_string(*image_set);
        TRY_VOID(connection_.run("DELETE FROM instance" + key));
        TRY_VOID(connection_.run("DELETE FROM conflict" + key));
        return connection_.run("DELETE FROM imageset" + key);
    }

    Result<void> note_applied() {
        const bool is_counted = !document_.is_deleted && document_.is_primary;
        return connection_.run(
            "UPDATE larmor_applied SET epoch = " + std::to_string(document_.as_of.epoch) +
            ", sequence = " + std::to_string(document_.as_of.sequence) +
            ", version = " + std::to_string(document_.version) +
            ", is_deleted = " + (document_.is_deleted ? "TRUE" : "FALSE") + ", instances = " +
            std::to_string(is_counted ? document_.instances.size() : 0) + ", series_pkey = " +
            (document_.is_deleted ? std::string("NULL") : std::to_string(series_)) + " WHERE " +
            image_set_key());
    }

    /// From what survives, with the study locked; a row without any image set goes.
    Result<void> count(std::int64_t study, std::int64_t series) {
        if (study == 0) return {};
        const std::string series_text = std::to_string(series);
        const std::string study_text = std::to_string(study);
        TRY_VOID(connection_.run(
            "DELETE FROM series WHERE series_pkey = " + series_text +
            " AND NOT EXISTS (SELECT 1 FROM imageset m WHERE m.series_pkey = " + series_text +
            ")"));
        TRY_VOID(connection_.run(
            "UPDATE series SET numberofseriesrelatedinstances = (SELECT"
            " COALESCE(SUM(a.instances), 0) FROM larmor_applied a WHERE a.series_pkey = " +
            series_text + ") WHERE series_pkey = " + series_text));
        TRY(const auto left, connection_.number("SELECT 1 FROM series WHERE study_pkey = " +
                                                study_text + " LIMIT 1"));
        if (!left) {
            TRY(const auto patient,
                connection_.number("SELECT patient_pkey FROM study WHERE study_pkey = " +
                                   study_text));
            TRY_VOID(connection_.run("DELETE FROM study WHERE study_pkey = " + study_text));
            return patient ? drop_unused_patient(connection_, *patient) : Result<void>();
        }
        return connection_.run(
            "UPDATE study SET numberofstudyrelatedseries = (SELECT COUNT(*) FROM series s WHERE"
            " s.study_pkey = " +
            study_text +
            " AND s.numberofseriesrelatedinstances > 0), numberofstudyrelatedinstances ="
            " (SELECT COALESCE(SUM(s.numberofseriesrelatedinstances), 0) FROM series s WHERE"
            " s.study_pkey = " +
            study_text + ") WHERE study_pkey = " + study_text);
    }

    Connection& connection_;
    const Tables& tables_;
    const ImageSetDocument& document_;
    bool is_newer_ = false;
    // Zero: none.
    std::int64_t old_patient_ = 0;
    std::int64_t old_study_ = 0;
    std::int64_t old_series_ = 0;
    std::int64_t patient_ = 0;
    std::int64_t study_ = 0;
    std::int64_t series_ = 0;
};

}  // namespace

Result<void> drop_unused_patient(Connection& connection, std::int64_t patient) {
    const std::string row = std::to_string(patient);
    TRY(const auto issuer,
        connection.number(
            "SELECT issuer_pkey FROM patient WHERE patient_pkey = " + row +
            " AND NOT EXISTS (SELECT 1 FROM study t WHERE t.patient_pkey = " + row + ")"));
    if (!issuer) return {};
    TRY_VOID(connection.run(
        "DELETE FROM patient WHERE patient_pkey = " + row +
        " AND NOT EXISTS (SELECT 1 FROM study t WHERE t.patient_pkey = " + row + ")"));
    // One that somebody has described stays.
    return connection.run("DELETE FROM issuer WHERE issuer_pkey = " + std::to_string(*issuer) +
                          " AND description IS NULL AND NOT EXISTS (SELECT 1 FROM patient p"
                          " WHERE p.issuer_pkey = " +
                          std::to_string(*issuer) + ")");
}

Result<Target::Applied> write_document(Connection& connection, const Tables& tables,
                                       const ImageSetDocument& document) {
    return Writing(connection, tables, document).run();
}

}  // namespace larmor::index::mysql
