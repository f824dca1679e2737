#include "index/mysql/repair.h"

#include <algorithm>

#include "index/mysql/compare.h"
#include "index/mysql/image_type_rows.h"
#include "index/mysql/keys.h"
#include "index/mysql/quote.h"
#include "index/mysql/shared_rows.h"
#include "index/mysql/write_documents.h"

namespace larmor::index::mysql {
namespace {

class Repairing {
public:
    Repairing(Connection& connection, const Tables& tables, const StudyDocuments& study)
        : connection_(connection), tables_(tables), study_(study), as_of_(study.newest) {
        for (const auto& document : study.image_sets) {
            as_of_ = std::min(as_of_, document.as_of);
        }
    }

    Result<Target::Applied> run() {
        TRY_VOID(find_image_sets());
        TRY(const bool is_later, lock_rows());
        if (is_later && !study_.is_forced) return Target::Applied::Older;
        TRY_VOID(take_away());
        std::vector<const ImageSetDocument*> documents;
        for (const auto& document : study_.image_sets) documents.push_back(&document);
        if (!documents.empty()) TRY_VOID(write_documents(connection_, tables_, documents));
        TRY_VOID(drop_unused_patients(connection_, patients_));
        TRY_VOID(drop_unused_image_types(connection_, image_types_));
        return Target::Applied::Written;
    }

private:
    static std::string q(std::string_view text) { return in_quotes(text); }

    /// Those that the study should have, and those that it has.
    Result<void> find_image_sets() {
        std::vector<std::string> ids;
        for (const auto& document : study_.image_sets) ids.push_back(document.image_set_id);
        TRY(const auto rows,
            connection_.rows("SELECT m.imagesetid FROM imageset m"
                             " JOIN series s ON s.series_pkey = m.series_pkey"
                             " JOIN study t ON t.study_pkey = s.study_pkey"
                             " WHERE m.datastoreid = " +
                             q(study_.datastore_id) +
                             " AND t.studyinstanceuid = " + q(study_.study_instance_uid)));
        for (const auto& row : rows) ids.push_back(row[0].value());
        std::ranges::sort(ids);
        image_sets_ = list(ids);
        std::set<std::string> series;
        for (const auto& document : study_.image_sets) {
            series.insert(document.series_instance_uid);
        }
        series_ = list(series);
        return {};
    }

    std::string of_image_sets() const {
        return "datastoreid = " + q(study_.datastore_id) + " AND imagesetid IN (" +
               image_sets_ + ")";
    }
    std::string is_later(std::string_view epoch, std::string_view sequence) const {
        return "(" + std::string(epoch) + ", " + std::string(sequence) + ") > (" +
               std::to_string(as_of_.epoch) + ", " + std::to_string(as_of_.sequence) + ")";
    }
    std::string is_later() const { return is_later("larmor_epoch", "larmor_sequence"); }

    /// The first number of each row, all of which are locked, and whether one is later.
    Result<bool> lock(const std::string& what, Rows* numbers = nullptr) {
        TRY(const auto rows, connection_.rows(what + " FOR UPDATE"));
        bool later = false;
        for (const auto& row : rows) {
            if (numbers != nullptr) numbers->insert(std::stoll(row[0].value()));
            later = later || row[1].value() != "0";
        }
        return later;
    }

    /// Whoever has a document of any of them waits. True where a row is of a later document.
    Result<bool> lock_rows() {
        TRY(const bool set_is_later,
            lock("SELECT version, " + is_later("epoch", "sequence") +
                 " FROM larmor_applied WHERE " + of_image_sets() + " ORDER BY imagesetid"));
        TRY(const bool patient_is_later, lock_patients());
        Rows studies;
        TRY(const bool study_is_later,
            lock("SELECT study_pkey, " + is_later() +
                     " FROM study WHERE studyinstanceuid = " + q(study_.study_instance_uid),
                 &studies));
        bool series_is_later = false;
        for (const auto row : studies) {
            TRY(const bool later,
                lock("SELECT series_pkey, " + is_later() + " FROM series WHERE study_pkey = " +
                     std::to_string(row) + " ORDER BY series_pkey"));
            series_is_later = series_is_later || later;
        }
        return set_is_later || patient_is_later || study_is_later || series_is_later;
    }

    /// That of the study as it is and as it should be; both are looked at again at the end.
    Result<bool> lock_patients() {
        std::string where =
            "patient_pkey IN (SELECT t.patient_pkey FROM study t"
            " WHERE t.studyinstanceuid = " +
            q(study_.study_instance_uid) + ")";
        if (!study_.image_sets.empty()) {
            const auto& document = study_.image_sets.front();
            where += " OR (patientid = " + q(patient_key(document)) +
                     " AND issuer_pkey IN (SELECT i.issuer_pkey FROM issuer i WHERE"
                     " i.issuerofpatientid = " +
                     q(issuer_key(document)) + "))";
        }
        return lock("SELECT patient_pkey, " + is_later() + " FROM patient WHERE " + where +
                        " ORDER BY patient_pkey",
                    &patients_);
    }

    Result<void> take_labels_away() {
        TRY_VOID(
            connection_.run("DELETE x FROM tag x JOIN imageset m ON m.imageset_pkey ="
                            " x.imageset_pkey WHERE m." +
                            of_image_sets()));
        return connection_.run(
            "DELETE x FROM tag x JOIN series s ON s.series_pkey = x.series_pkey JOIN study t ON"
            " t.study_pkey = s.study_pkey WHERE t.studyinstanceuid = " +
            q(study_.study_instance_uid));
    }

    /// What image sets have goes with them; values that nobody has then, at the end.
    Result<void> find_image_types() {
        TRY(const auto rows,
            connection_.rows("SELECT l.imagetype_pkey FROM larmor_imagetype l JOIN imageset m"
                             " ON m.imageset_pkey = l.imageset_pkey JOIN series s ON"
                             " s.series_pkey = m.series_pkey JOIN study t ON t.study_pkey ="
                             " s.study_pkey WHERE t.studyinstanceuid = " +
                             q(study_.study_instance_uid)));
        for (const auto& row : rows) image_types_.insert(std::stoll(row[0].value()));
        return {};
    }

    Result<void> take_away() {
        TRY_VOID(find_image_types());
        TRY_VOID(take_labels_away());
        TRY_VOID(connection_.run(
            "DELETE c FROM conflict c JOIN imageset m ON"
            " m.imageset_pkey = c.imageset_pkey WHERE m.datastoreid = " +
            q(study_.datastore_id) + " AND m.imagesetid IN (" + image_sets_ + ")"));
        TRY_VOID(
            connection_.run("DELETE c FROM conflict c JOIN series s ON"
                            " s.series_pkey = c.series_pkey JOIN study t ON"
                            " t.study_pkey = s.study_pkey WHERE t.studyinstanceuid = " +
                            q(study_.study_instance_uid)));
        // What was moved elsewhere is found by its own key.
        TRY_VOID(take_instances_away());
        TRY_VOID(connection_.run("DELETE FROM imageset WHERE " + of_image_sets()));
        TRY_VOID(connection_.run(
            "DELETE a FROM larmor_applied a JOIN series s ON s.series_pkey = a.series_pkey"
            " JOIN study t ON t.study_pkey = s.study_pkey WHERE t.studyinstanceuid = " +
            q(study_.study_instance_uid)));
        TRY_VOID(connection_.run("DELETE FROM larmor_applied WHERE NOT is_deleted AND " +
                                 of_image_sets()));
        TRY_VOID(forget_applied());
        TRY_VOID(
            connection_.run("DELETE FROM series WHERE seriesinstanceuid IN (" + series_ + ")"));
        TRY_VOID(connection_.run("DELETE FROM study WHERE studyinstanceuid = " +
                                 q(study_.study_instance_uid)));
        // So that a document's values go over what is there.
        return connection_.run(
            "UPDATE patient SET larmor_epoch = 0, larmor_sequence = 0"
            " WHERE patient_pkey IN (" +
            list(patients_) + ")");
    }

    /// Of those that are to be written: where it says that they are deleted, it is wrong.
    Result<void> forget_applied() {
        for (const auto& document : study_.image_sets) {
            TRY_VOID(connection_.run(
                "DELETE FROM larmor_applied WHERE datastoreid = " + q(document.datastore_id) +
                " AND imagesetid = " + q(document.image_set_id)));
        }
        return {};
    }

    Result<void> take_instances_away() {
        std::string uids;
        const auto run = [&]() -> Result<void> {
            if (uids.empty()) return {};
            TRY_VOID(
                connection_.run("DELETE FROM instance WHERE sopinstanceuid IN (" + uids + ")"));
            uids.clear();
            return {};
        };
        for (const auto& document : study_.image_sets) {
            if (!document.is_primary) continue;
            for (const auto& instance : document.instances) {
                uids += (uids.empty() ? "" : ", ") + q(instance.sop_instance_uid);
                if (uids.size() >= connection_.statement_max_bytes()) TRY_VOID(run());
            }
        }
        return run();
    }

    Connection& connection_;
    const Tables& tables_;
    const StudyDocuments& study_;
    events::Position as_of_;  ///< of its oldest document
    // Lists for IN.
    std::string image_sets_;
    std::string series_;
    Rows patients_;
    Rows image_types_;
};

}  // namespace

Result<Target::Applied> repair(Connection& connection, const Tables& tables,
                               const StudyDocuments& study) {
    if (study.study_instance_uid.empty()) {
        TRY_VOID(repair_rest(connection, study));
        return Target::Applied::Written;
    }
    return Repairing(connection, tables, study).run();
}

}  // namespace larmor::index::mysql
