#include "base/ids.h"
#include "catalog/catalog_impl.h"
#include "catalog/edit_columns.h"
#include "catalog/edit_moves.h"
#include "catalog/folding.h"
#include "catalog/name_words.h"
#include "catalog/read_rows.h"

namespace larmor::catalog {
namespace {

Result<void> check_uid(std::string_view uid, std::string_view keyword) {
    if (is_uid_key_part(uid)) return {};
    return fail(ErrorCode::InvalidInput,
                std::string(keyword) + (uid.empty() ? " is missing" : " is not a UID"));
}

bool is_all_zero(const Sha256& hash) {
    return hash == Sha256{};
}

/// Absent where it was not computed.
std::optional<Bytes> optional_hash(const Sha256& hash) {
    return is_all_zero(hash) ? std::nullopt : std::optional<Bytes>(hash);
}

Result<std::int64_t> count_of_uid(db::Transaction& tx, std::string_view sop_instance_uid) {
    TRY(db::Query query,
        // Copies are nothing new.
        tx.prepare("SELECT count(DISTINCT i.object) FROM instances i"
                   " JOIN image_sets m ON m.id = i.image_set"
                   " WHERE i.sop_instance_uid = ?1 AND m.state <> 2"));
    query.bind(sop_instance_uid);
    TRY_VOID(query.next());
    return query.int64(0);
}

}  // namespace

Result<std::optional<Catalog::Impl::StudyFound>> Catalog::Impl::find_study(
    db::Transaction& tx, std::string_view uid) {
    TRY(db::Query query, tx.prepare("SELECT id, patient_id, issuer_of_patient_id FROM studies"
                                    " WHERE study_instance_uid = ?1"));
    query.bind(uid);
    TRY(const bool row, query.next());
    if (!row) return std::nullopt;
    return StudyFound{query.int64(0), query.string(1), query.string(2)};
}

Result<std::int64_t> Catalog::Impl::patient_of(db::Transaction& tx,
                                               const InstanceRecord& record) {
    const auto& patient = record.patient;
    if (!patient.patient_id.empty()) {
        TRY_VOID(lock(tx, Lock::Patient, patient.patient_id));
    }
    // An issuer without an id names nobody.
    const std::string_view apart = patient.patient_id.empty()
                                       ? std::string_view(record.study.study_instance_uid)
                                       : std::string_view();
    {
        // Not removed before the study names it.
        static const db::DialectText kSql([](db::Dialect dialect) {
            return std::string(
                       "SELECT id FROM patients WHERE patient_id = ?1"
                       " AND issuer_of_patient_id = ?2 AND study_instance_uid = ?3") +
                   (dialect == db::Dialect::Postgres ? " FOR KEY SHARE" : "");
        });
        TRY(db::Query query, tx.prepare(kSql(tx.dialect())));
        query.bind(patient.patient_id, patient.issuer_of_patient_id, apart);
        TRY(const bool row, query.next());
        if (row) return query.int64(0);
    }
    TRY(db::Query query,
        tx.prepare("INSERT INTO patients (patient_id, issuer_of_patient_id, study_instance_uid,"
                   " created) VALUES (?1, ?2, ?3, ?4)"));
    return query.bind(patient.patient_id, patient.issuer_of_patient_id, apart, now_us())
        .insert();
}

Result<Catalog::Impl::StudyFound> Catalog::Impl::insert_study(db::Transaction& tx,
                                                              const InstanceRecord& record) {
    TRY(const std::int64_t patient_row, patient_of(tx, record));
    TRY(const auto number, numbers.next(tx, RowNumbers::Table::Studies));
    const auto& study = record.study;
    const auto& patient = record.patient;
    static const db::DialectText kSql([](db::Dialect dialect) {
        return "INSERT INTO studies (patient, study_instance_uid, study_date, study_time,"
               " study_time_key, accession_number, referring_physician_name,"
               " referring_physician_name_folded, study_id, study_description,"
               " timezone_offset_from_utc, patient_id, issuer_of_patient_id, patient_name,"
               " patient_name_folded, patient_birth_date, patient_sex, created, updated, id)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,"
               " ?16, ?17, ?18, ?18, " +
               RowNumbers::value(dialect, "?19", RowNumbers::Table::Studies) + ")";
    });
    TRY(db::Query query, tx.prepare(kSql(tx.dialect())));
    const std::string study_date = plain_date(study.study_date);
    const std::string key = time_key(study.study_time);
    const std::string physician = fold_name(study.referring_physician_name);
    const std::string name = fold_name(patient.patient_name);
    const std::string birth_date = plain_date(patient.patient_birth_date);
    query.bind(patient_row, study.study_instance_uid, study_date, study.study_time, key,
               study.accession_number, study.referring_physician_name, physician,
               study.study_id, study.study_description, study.timezone_offset_from_utc,
               patient.patient_id, patient.issuer_of_patient_id, patient.patient_name, name,
               birth_date, patient.patient_sex, now_us(), number);
    TRY(const std::int64_t row, query.insert());
    TRY_VOID(insert_name_words(tx, row, patient.patient_name, study.referring_physician_name));
    return StudyFound{row, patient.patient_id, patient.issuer_of_patient_id};
}

Result<std::int64_t> Catalog::Impl::insert_series(db::Transaction& tx, std::int64_t study,
                                                  const SeriesAttributes& attributes) {
    TRY(const auto number, numbers.next(tx, RowNumbers::Table::Series));
    static const db::DialectText kSql([](db::Dialect dialect) {
        return "INSERT INTO series (study, series_instance_uid, modality, series_number,"
               " series_description, series_date, body_part_examined, laterality,"
               " pps_start_date, pps_start_time, pps_start_time_key,"
               " scheduled_procedure_step_id, requested_procedure_id, created, id)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, " +
               RowNumbers::value(dialect, "?15", RowNumbers::Table::Series) + ")";
    });
    TRY(db::Query query, tx.prepare(kSql(tx.dialect())));
    const std::string series_date = plain_date(attributes.series_date);
    const std::string start_date = plain_date(attributes.performed_procedure_step_start_date);
    const std::string key = time_key(attributes.performed_procedure_step_start_time);
    const RequestAttributes first =
        attributes.requests.empty() ? RequestAttributes{} : attributes.requests.front();
    query.bind(
        study, attributes.series_instance_uid, attributes.modality, attributes.series_number,
        attributes.series_description, series_date, attributes.body_part_examined,
        attributes.laterality, start_date, attributes.performed_procedure_step_start_time, key,
        first.scheduled_procedure_step_id, first.requested_procedure_id, now_us(), number);
    TRY(const std::int64_t row, query.insert());
    TRY_VOID(insert_requests(tx, row, attributes.requests));
    return row;
}

Result<void> Catalog::Impl::insert_requests(db::Transaction& tx, std::int64_t series,
                                            const std::vector<RequestAttributes>& requests) {
    std::int64_t position = 0;
    for (const RequestAttributes& request : requests) {
        TRY_VOID(
            tx.run("INSERT INTO series_requests (series, position, scheduled_procedure_step_id,"
                   " requested_procedure_id) VALUES (?1, ?2, ?3, ?4)",
                   series, position++, request.scheduled_procedure_step_id,
                   request.requested_procedure_id));
    }
    return {};
}

Result<std::shared_ptr<SeriesEntry>> Catalog::Impl::series_of(db::Transaction& tx,
                                                              const InstanceRecord& record,
                                                              Placement placement) {
    const auto is_of_patient = [&](const auto& study) {
        return placement == Placement::NonPrimary ||
               (study.patient_id == record.patient.patient_id &&
                study.issuer_of_patient_id == record.patient.issuer_of_patient_id);
    };
    const std::string key =
        SeriesCache::key_of(record.study.study_instance_uid, record.series.series_instance_uid);
    if (auto cached = series.find(key)) return is_of_patient(*cached) ? cached : nullptr;

    TRY(auto study, find_study(tx, record.study.study_instance_uid));
    if (!study) {
        TRY(study, insert_study(tx, record));
    } else if (!is_of_patient(*study)) {
        return nullptr;
    }
    auto entry = std::make_shared<SeriesEntry>();
    entry->study = study->row;
    entry->patient_id = study->patient_id;
    entry->issuer_of_patient_id = study->issuer_of_patient_id;
    {
        TRY(db::Query query,
            tx.prepare(
                // What was deleted waits for its end: nothing new goes into it.
                "SELECT s.id, m.id, m.image_set_id, m.latest_version FROM series s"
                " LEFT JOIN image_sets m ON m.id = s.image_set AND m.state <> 2"
                " WHERE s.study = ?1 AND s.series_instance_uid = ?2"));
        query.bind(study->row, record.series.series_instance_uid);
        TRY(const bool row, query.next());
        if (row) {
            entry->series = query.int64(0);
            entry->image_set = query.int64(1);
            entry->image_set_id = query.string(2);
            entry->latest_version = query.int64(3);
        }
    }
    if (entry->series == 0) {
        TRY(entry->series, insert_series(tx, study->row, record.series));
    }
    tx.on_rollback([this, key] { series.erase(key); });
    series.put(key, entry);
    return entry;
}

Result<ImageSetTarget> Catalog::Impl::insert_image_set(db::Transaction& tx, std::int64_t study,
                                                       std::int64_t series_row,
                                                       bool is_primary) {
    ImageSetTarget target{.id = random_id(),
                          .study = study,
                          .series = series_row,
                          .is_primary = is_primary,
                          .entry = nullptr};
    TRY(const auto number, numbers.next(tx, RowNumbers::Table::ImageSets));
    static const db::DialectText kSql([](db::Dialect dialect) {
        return "INSERT INTO image_sets (image_set_id, study, series, is_primary,"
               " workflow_status, created, updated, id) VALUES (?1, ?2, ?3, ?4, 'CREATED',"
               " ?5, ?5, " +
               RowNumbers::value(dialect, "?6", RowNumbers::Table::ImageSets) + ")";
    });
    TRY(db::Query query, tx.prepare(kSql(tx.dialect())));
    query.bind(target.id, study, series_row, is_primary ? 1 : 0, now_us(), number);
    TRY(target.row, query.insert());
    return target;
}

Result<ImageSetTarget> Catalog::Impl::primary_target(db::Transaction& tx,
                                                     const std::shared_ptr<SeriesEntry>& entry,
                                                     const std::string& cache_key) {
    if (entry->image_set == 0) {
        TRY(const ImageSetTarget made, insert_image_set(tx, entry->study, entry->series, true));
        // The one that was deleted before gives way.
        TRY_VOID(
            tx.run_later("UPDATE image_sets SET is_primary = 0 WHERE series = ?1"
                         " AND is_primary = 1 AND id <> ?2",
                         entry->series, made.row));
        TRY_VOID(
            tx.run("UPDATE series SET image_set = ?2 WHERE id = ?1", entry->series, made.row));
        TRY_VOID(inherit_study_edits(tx, entry->study, made.row));
        // The entry may be of a request before this one: it must not keep a row that is gone.
        tx.on_rollback([this, cache_key] { series.erase(cache_key); });
        entry->image_set = made.row;
        entry->image_set_id = made.id;
        entry->latest_version = 0;
    }
    return ImageSetTarget{.row = entry->image_set,
                          .id = entry->image_set_id,
                          .study = entry->study,
                          .series = entry->series,
                          .is_primary = true,
                          .latest_version = entry->latest_version,
                          .entry = entry};
}

Result<ImageSetTarget> Catalog::Impl::conflict_target(db::Transaction& tx,
                                                      const SeriesEntry& entry,
                                                      std::string_view sop_instance_uid) {
    {
        TRY(db::Query query,
            tx.prepare("SELECT m.id, m.image_set_id, m.latest_version FROM image_sets m"
                       " WHERE m.series = ?1 AND m.is_primary = 0 AND m.state = 0"
                       " AND m.takes_conflicts = 1 AND NOT EXISTS (SELECT 1 FROM instances i"
                       " WHERE i.sop_instance_uid = ?2 AND i.image_set = m.id)"
                       " ORDER BY m.id LIMIT 1"));
        query.bind(entry.series, sop_instance_uid);
        TRY(const bool row, query.next());
        if (row) {
            return ImageSetTarget{.row = query.int64(0),
                                  .id = query.string(1),
                                  .study = entry.study,
                                  .series = entry.series,
                                  .is_primary = false,
                                  .latest_version = query.int64(2),
                                  .entry = nullptr};
        }
    }
    return insert_image_set(tx, entry.study, entry.series, false);
}

Result<void> Catalog::Impl::lock(db::Transaction& tx, Lock what, std::string_view uid) {
    if (tx.dialect() == db::Dialect::Sqlite) return {};
    return tx.run_later("SELECT pg_advisory_xact_lock(hashtextextended(?1, ?2))", uid,
                        static_cast<std::int64_t>(what));
}

void Catalog::Impl::forget_series(db::Transaction& tx, std::string_view study_uid,
                                  std::string_view series_uid) {
    const std::string key = SeriesCache::key_of(study_uid, series_uid);
    series.erase(key);
    tx.on_rollback([this, key] { series.erase(key); });
}

Result<InsertOutcome> Catalog::insert_instance(db::Transaction& tx,
                                               const InstanceRecord& record,
                                               Placement placement) {
    TRY_VOID(check_uid(record.study.study_instance_uid, "StudyInstanceUID"));
    TRY_VOID(check_uid(record.series.series_instance_uid, "SeriesInstanceUID"));
    TRY_VOID(check_uid(record.instance.sop_instance_uid, "SOPInstanceUID"));

    const auto& attributes = record.instance;
    TRY_VOID(impl_->lock(tx, Impl::Lock::Study, record.study.study_instance_uid));
    TRY_VOID(impl_->lock(tx, Impl::Lock::Instance, attributes.sop_instance_uid));
    TRY(const std::int64_t same_uid, count_of_uid(tx, attributes.sop_instance_uid));
    InsertOutcome outcome;
    if (placement == Placement::Primary && same_uid > 0) {
        outcome.kind = InsertOutcome::Kind::Exists;
        TRY(outcome.existing, find_by_sop_instance_uid(tx, attributes.sop_instance_uid));
        return outcome;
    }
    if (same_uid >= static_cast<std::int64_t>(impl_->options.conflicts_max)) {
        return fail(ErrorCode::LimitExceeded,
                    "there are " + std::to_string(same_uid) +
                        " instances with this SOP Instance UID already, the limit is " +
                        std::to_string(impl_->options.conflicts_max));
    }

    TRY(const auto entry, impl_->series_of(tx, record, placement));
    if (!entry) {
        outcome.kind = InsertOutcome::Kind::StudyOfAnotherPatient;
        return outcome;
    }
    auto target =
        placement == Placement::Primary
            ? impl_->primary_target(tx, entry,
                                    SeriesCache::key_of(record.study.study_instance_uid,
                                                        record.series.series_instance_uid))
            : impl_->conflict_target(tx, *entry, attributes.sop_instance_uid);
    if (!target) return tl::unexpected(target.error());
    const std::int64_t version = impl_->changes.add_instance(tx, *target);

    TRY(const auto number, impl_->numbers.next(tx, RowNumbers::Table::Instances));
    static const db::DialectText kSql([](db::Dialect dialect) {
        return "INSERT INTO instances (image_set, series, first_version, sop_instance_uid,"
               " sop_class_uid, instance_number, number_of_frames, rows, columns,"
               " bits_allocated, object, transfer_syntax_uid, size_bytes, sha256,"
               " content_hash, created, id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
               " ?10, ?11, ?12, ?13, ?14, ?15, ?16, " +
               RowNumbers::value(dialect, "?17", RowNumbers::Table::Instances) + ")";
    });
    TRY(db::Query query, tx.prepare(kSql(tx.dialect())));
    query.bind(target->row, entry->series, version, attributes.sop_instance_uid,
               attributes.sop_class_uid, attributes.instance_number,
               attributes.number_of_frames, attributes.rows, attributes.columns,
               attributes.bits_allocated, objects::to_int64(record.file.object),
               record.file.transfer_syntax_uid, record.file.size_bytes,
               Bytes(record.file.sha256), optional_hash(record.file.content_hash),
               impl_->now_us(), number);
    TRY(const std::int64_t row, query.insert());
    outcome.row = InstanceRow{row};
    outcome.image_set = ImageSetRow{target->row};
    impl_->changes.note_row(tx, outcome.row);
    if (placement == Placement::NonPrimary) {
        TRY_VOID(tx.run("INSERT INTO conflict_columns (instance, document) VALUES (?1, ?2)",
                        row, columns_json(record.patient, record.study, record.series)));
    }
    return outcome;
}

Result<void> Catalog::insert_alternate(db::Transaction& tx, InstanceRow instance,
                                       const StoredFile& file) {
    TRY_VOID(find_instance(tx, instance));
    TRY(const auto there, alternates(tx, instance));
    if (there.size() >= impl_->options.conflicts_max) {
        return fail(ErrorCode::LimitExceeded, "this instance has " +
                                                  std::to_string(there.size()) +
                                                  " other encodings already, the limit is " +
                                                  std::to_string(impl_->options.conflicts_max));
    }
    TRY_VOID(
        tx.run("INSERT INTO instance_alternates (instance, object, transfer_syntax_uid,"
               " size_bytes, sha256, content_hash, created)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
               number_of(instance), objects::to_int64(file.object), file.transfer_syntax_uid,
               file.size_bytes, Bytes(file.sha256), optional_hash(file.content_hash),
               impl_->now_us()));
    return {};
}

}  // namespace larmor::catalog
