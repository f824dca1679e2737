#include "catalog/read_rows.h"

#include <algorithm>

namespace larmor::catalog {
namespace {

Time time_of(std::int64_t microseconds) {
    return Time(std::chrono::microseconds(microseconds));
}

objects::ObjectId object_of(const db::Query& query, int column) {
    return objects::ObjectId{query.int64(column)};  // NULL reads as 0: none
}

ImageSet image_set_from(const db::Query& query, int first) {
    return {.row = ImageSetRow{query.int64(first)},
            .id = query.string(first + 1),
            .study = StudyRow{query.int64(first + 2)},
            .series = SeriesRow{query.int64(first + 3)},
            .is_primary = query.int64(first + 4) != 0,
            .state = static_cast<ImageSetState>(query.int64(first + 5)),
            .workflow_status = query.string(first + 6),
            .latest_version = query.int64(first + 7),
            .created = time_of(query.int64(first + 8)),
            .updated = time_of(query.int64(first + 9)),
            .edited_version = 0};
}

}  // namespace

Result<Sha256> read_hash(const db::Query& query, int column) {
    Sha256 hash{};
    const Bytes bytes = query.blob(column);
    if (query.is_null(column)) return hash;
    if (bytes.size() != hash.size()) {
        return fail(ErrorCode::Corrupt,
                    "a hash in the catalog has " + std::to_string(bytes.size()) + " bytes");
    }
    std::ranges::copy(bytes, hash.begin());
    return hash;
}

const std::string_view kSelectInstance =
    "SELECT i.id, i.image_set, i.series, s.study, m.is_primary, t.study_instance_uid,"
    " s.series_instance_uid, i.sop_class_uid, i.sop_instance_uid, i.instance_number,"
    " i.number_of_frames, i.rows, i.columns, i.bits_allocated, i.object, i.transfer_syntax_uid,"
    " i.size_bytes, i.sha256, i.content_hash, i.first_version, i.created, i.preprocess,"
    " i.preprocess_reason, p.metadata_object, p.frame_index_object, p.thumbnail_object,"
    " p.pixel_min, p.pixel_max, p.window_center, p.window_width, m.edited_version"
    " FROM instances i"
    " JOIN series s ON s.id = i.series"
    " JOIN studies t ON t.id = s.study"
    " JOIN image_sets m ON m.id = i.image_set"
    " LEFT JOIN prepared_instances p ON p.instance = i.id";

Result<StoredInstance> read_instance(const db::Query& query) {
    StoredInstance instance;
    instance.row = InstanceRow{query.int64(0)};
    instance.image_set = ImageSetRow{query.int64(1)};
    instance.series = SeriesRow{query.int64(2)};
    instance.study = StudyRow{query.int64(3)};
    instance.is_primary = query.int64(4) != 0;
    instance.study_instance_uid = query.string(5);
    instance.series_instance_uid = query.string(6);
    instance.attributes = {.sop_class_uid = query.string(7),
                           .sop_instance_uid = query.string(8),
                           .instance_number = query.optional_int64(9),
                           .number_of_frames = query.optional_int64(10),
                           .rows = query.optional_int64(11),
                           .columns = query.optional_int64(12),
                           .bits_allocated = query.optional_int64(13)};
    instance.file.object = object_of(query, 14);
    instance.file.transfer_syntax_uid = query.string(15);
    instance.file.size_bytes = static_cast<std::uint64_t>(query.int64(16));
    TRY(instance.file.sha256, read_hash(query, 17));
    TRY(instance.file.content_hash, read_hash(query, 18));
    instance.first_version = query.int64(19);
    instance.created = time_of(query.int64(20));
    instance.preprocess = static_cast<PreprocessState>(query.int64(21));
    instance.preprocess_reason = query.string(22);
    instance.prepared = {.metadata = object_of(query, 23),
                         .frame_index = object_of(query, 24),
                         .thumbnail = object_of(query, 25),
                         .pixel_min = query.optional_real(26),
                         .pixel_max = query.optional_real(27),
                         .window_center = query.optional_real(28),
                         .window_width = query.optional_real(29)};
    instance.edited_version = query.int64(30);
    return instance;
}

Result<std::vector<StoredInstance>> read_instances(db::Query& query) {
    std::vector<StoredInstance> instances;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return instances;
        TRY(StoredInstance instance, read_instance(query));
        instances.push_back(std::move(instance));
    }
}

const std::string_view kSelectImageSet =
    "SELECT m.id, m.image_set_id, m.study, m.series, m.is_primary, m.state, m.workflow_status,"
    " m.latest_version, m.created, m.updated, m.edited_version FROM image_sets m";

ImageSet read_image_set(const db::Query& query) {
    ImageSet set = image_set_from(query, 0);
    set.edited_version = query.int64(10);
    return set;
}

Result<StoredStudy> load_study(db::Snapshot& snapshot, std::int64_t row) {
    StoredStudy study;
    {
        TRY(db::Query query,
            snapshot.prepare(
                "SELECT patient, study_instance_uid, study_date, study_time, accession_number,"
                " referring_physician_name, study_id, study_description,"
                " timezone_offset_from_utc, patient_id, issuer_of_patient_id, patient_name,"
                " patient_birth_date, patient_sex, number_of_series, number_of_instances,"
                " version, created, updated FROM studies WHERE id = ?1"));
        query.bind(row);
        TRY(const bool found, query.next());
        if (!found) return fail(ErrorCode::NotFound, "there is no such study");
        study.row = StudyRow{row};
        study.patient_row = PatientRow{query.int64(0)};
        study.study = {.study_instance_uid = query.string(1),
                       .study_date = query.string(2),
                       .study_time = query.string(3),
                       .accession_number = query.string(4),
                       .referring_physician_name = query.string(5),
                       .study_id = query.string(6),
                       .study_description = query.string(7),
                       .timezone_offset_from_utc = query.string(8)};
        study.patient = {.patient_id = query.string(9),
                         .issuer_of_patient_id = query.string(10),
                         .patient_name = query.string(11),
                         .patient_birth_date = query.string(12),
                         .patient_sex = query.string(13)};
        study.number_of_study_related_series = query.int64(14);
        study.number_of_study_related_instances = query.int64(15);
        study.version = query.int64(16);
        study.created = time_of(query.int64(17));
        study.updated = time_of(query.int64(18));
    }
    TRY(db::Query query, snapshot.prepare("SELECT s.modality, m.thumbnail_object FROM series s"
                                          " JOIN image_sets m ON m.id = s.image_set"
                                          " WHERE s.study = ?1 AND m.state = 0 ORDER BY s.id"));
    query.bind(row);
    for (;;) {
        TRY(const bool found, query.next());
        if (!found) break;
        if (!query.text(0).empty()) study.modalities_in_study.push_back(query.string(0));
        if (objects::to_int64(study.thumbnail) == 0) study.thumbnail = object_of(query, 1);
    }
    std::ranges::sort(study.modalities_in_study);
    const auto repeated = std::ranges::unique(study.modalities_in_study);
    study.modalities_in_study.erase(repeated.begin(), repeated.end());
    return study;
}

namespace {

Result<std::vector<RequestAttributes>> load_requests(db::Snapshot& snapshot,
                                                     std::int64_t series) {
    TRY(db::Query query,
        snapshot.prepare("SELECT scheduled_procedure_step_id, requested_procedure_id"
                         " FROM series_requests WHERE series = ?1 ORDER BY position"));
    query.bind(series);
    std::vector<RequestAttributes> requests;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return requests;
        requests.push_back({query.string(0), query.string(1)});
    }
}

constexpr std::string_view kSelectSeries =
    "SELECT m.id, m.image_set_id, m.study, m.series, m.is_primary, m.state,"
    " m.workflow_status, m.latest_version, m.created, m.updated, m.metadata_object,"
    " m.metadata_version, m.thumbnail_object, m.thumbnail_version,"
    " s.series_instance_uid, s.modality, s.series_number, s.series_description,"
    " s.series_date, s.body_part_examined, s.laterality, s.pps_start_date,"
    " s.pps_start_time, m.number_of_instances, t.id, t.study_instance_uid,"
    " m.edited_version, s.id FROM series s JOIN studies t ON t.id = s.study"
    " JOIN image_sets m ON ";

Result<StoredSeries> read_series(db::Snapshot& snapshot, db::Query& query) {
    TRY(const bool found, query.next());
    if (!found) return fail(ErrorCode::NotFound, "there is no such series");
    StoredSeries series;
    series.row = SeriesRow{query.int64(27)};
    series.image_set = image_set_from(query, 0);
    series.image_set.edited_version = query.int64(26);
    series.metadata = object_of(query, 10);
    series.metadata_version = query.int64(11);
    series.thumbnail = object_of(query, 12);
    series.thumbnail_version = query.int64(13);
    series.series = {.series_instance_uid = query.string(14),
                     .modality = query.string(15),
                     .series_number = query.optional_int64(16),
                     .series_description = query.string(17),
                     .series_date = query.string(18),
                     .body_part_examined = query.string(19),
                     .laterality = query.string(20),
                     .performed_procedure_step_start_date = query.string(21),
                     .performed_procedure_step_start_time = query.string(22),
                     .requests = {}};
    series.number_of_series_related_instances = query.int64(23);
    series.study = StudyRow{query.int64(24)};
    series.study_instance_uid = query.string(25);
    TRY(series.series.requests, load_requests(snapshot, number_of(series.row)));
    return series;
}

}  // namespace

Result<StoredSeries> load_series(db::Snapshot& snapshot, std::int64_t row) {
    static const std::string kSql =
        std::string(kSelectSeries) + "m.id = s.image_set WHERE s.id = ?1";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(row);
    return read_series(snapshot, query);
}

Result<StoredSeries> load_series_of(db::Snapshot& snapshot, std::int64_t image_set) {
    static const std::string kSql =
        std::string(kSelectSeries) + "m.series = s.id WHERE m.id = ?1";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(image_set);
    return read_series(snapshot, query);
}

}  // namespace larmor::catalog
