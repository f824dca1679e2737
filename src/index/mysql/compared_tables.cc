#include "index/mysql/compared_tables.h"

#include <algorithm>
#include <array>
#include <map>
#include <span>

#include "healthimaging/frame_id.h"
#include "index/mysql/import_job_rows.h"
#include "index/mysql/keys.h"

namespace larmor::index::mysql {
namespace {

using Value = ComparedTable::Value;

constexpr const char* kInTime = "0";
constexpr std::string_view kApplied = "larmor_applied";
constexpr std::string_view kOfSeries = " JOIN study t ON t.study_pkey = s.study_pkey";

std::vector<Value> attributes(const Tables& tables, Level level) {
    std::vector<Value> values;
    for (const Column& column : tables.of(level)) {
        values.push_back({column.name, "x.`" + column.name + "`", &column});
    }
    return values;
}

std::vector<Value> operator+(std::vector<Value> values, const std::vector<Value>& more) {
    values.insert(values.end(), more.begin(), more.end());
    return values;
}

/// 1 where the row says to be of later than that.
Value is_too_late(events::Position newest, std::string_view epoch, std::string_view sequence) {
    return {"larmor_too_late", "(x." + std::string(epoch) + ", x." + std::string(sequence) +
                                   ") > (" + std::to_string(newest.epoch) + ", " +
                                   std::to_string(newest.sequence) + ")"};
}

ExpectedRow row_of(const StudyDocuments& study, std::string key, const Values& values) {
    ExpectedRow row{study.study_instance_uid, std::move(key)};
    row.insert(row.end(), values.begin(), values.end());
    return row;
}

void append(ExpectedRow& row, std::initializer_list<std::string> values) {
    row.insert(row.end(), values.begin(), values.end());
}

/// What is shared is as the newest document says.
const ImageSetDocument& newest_of(std::span<const ImageSetDocument> documents) {
    return *std::ranges::max_element(documents, {}, &ImageSetDocument::as_of);
}

std::size_t counted_instances(const ImageSetDocument& document) {
    return document.is_primary ? document.instances.size() : 0;
}

/// A series of the study.
struct SeriesOf {
    const ImageSetDocument* newest = nullptr;
    std::size_t instances = 0;
};

std::map<std::string, SeriesOf> series_of(const StudyDocuments& study) {
    std::map<std::string, SeriesOf> all;
    for (const auto& document : study.image_sets) {
        SeriesOf& series = all[document.series_instance_uid];
        if (series.newest == nullptr || series.newest->as_of < document.as_of) {
            series.newest = &document;
        }
        series.instances += counted_instances(document);
    }
    return all;
}

ComparedTable patient_table(const Tables& tables) {
    return {"patient",
            "study t JOIN patient x ON x.patient_pkey = t.patient_pkey"
            " JOIN issuer i ON i.issuer_pkey = x.issuer_pkey",
            "x.patientid",
            attributes(tables, Level::Patient) +
                std::vector<Value>{{"issuerofpatientid", "i.issuerofpatientid"}}};
}
std::vector<ExpectedRow> patient_rows(const Tables& /*tables*/, const StudyDocuments& study) {
    const auto& newest = newest_of(study.image_sets);
    ExpectedRow row = row_of(study, patient_key(newest), patient_values(newest));
    append(row, {issuer_key(newest), kInTime});
    return {std::move(row)};
}

ComparedTable study_table(const Tables& tables) {
    return {"study",
            "study x JOIN study t ON t.study_pkey = x.study_pkey"
            " JOIN patient p ON p.patient_pkey = x.patient_pkey",
            "x.studyinstanceuid",
            attributes(tables, Level::Study) +
                std::vector<Value>{
                    {"patientid", "p.patientid"},
                    {"numberofstudyrelatedseries", "x.numberofstudyrelatedseries"},
                    {"numberofstudyrelatedinstances", "x.numberofstudyrelatedinstances"}}};
}
std::vector<ExpectedRow> study_rows(const Tables& /*tables*/, const StudyDocuments& study) {
    const auto& newest = newest_of(study.image_sets);
    std::size_t series = 0;
    std::size_t instances = 0;
    for (const auto& [uid, one] : series_of(study)) {
        series += one.instances > 0 ? 1 : 0;
        instances += one.instances;
    }
    ExpectedRow row = row_of(study, study.study_instance_uid, newest.study);
    append(row,
           {patient_key(newest), std::to_string(series), std::to_string(instances), kInTime});
    return {std::move(row)};
}

ComparedTable series_table(const Tables& tables) {
    return {"series", "series x JOIN study t ON t.study_pkey = x.study_pkey",
            "x.seriesinstanceuid",
            attributes(tables, Level::Series) +
                std::vector<Value>{
                    {"numberofseriesrelatedinstances", "x.numberofseriesrelatedinstances"}}};
}
std::vector<ExpectedRow> series_rows(const Tables& /*tables*/, const StudyDocuments& study) {
    std::vector<ExpectedRow> rows;
    for (const auto& [uid, series] : series_of(study)) {
        rows.push_back(row_of(study, uid, series.newest->series));
        append(rows.back(), {std::to_string(series.instances), kInTime});
    }
    return rows;
}

ComparedTable imageset_table() {
    return {
        "imageset",
        "imageset x JOIN series s ON s.series_pkey = x.series_pkey" + std::string(kOfSeries),
        "x.imagesetid",
        {{"datastoreid", "x.datastoreid"}, {"seriesinstanceuid", "s.seriesinstanceuid"}}};
}
std::vector<ExpectedRow> imageset_rows(const Tables& /*tables*/, const StudyDocuments& study) {
    std::vector<ExpectedRow> rows;
    for (const auto& document : study.image_sets) {
        rows.push_back(row_of(study, document.image_set_id, {}));
        append(rows.back(), {document.datastore_id, document.series_instance_uid});
    }
    return rows;
}

ComparedTable conflict_table() {
    return {"conflict",
            "conflict x JOIN series s ON s.series_pkey = x.series_pkey" +
                std::string(kOfSeries) +
                " LEFT JOIN imageset m ON m.imageset_pkey = x.imageset_pkey",
            "COALESCE(m.imagesetid, '')",
            {{"seriesinstanceuid", "s.seriesinstanceuid"},
             {"priority", "x.priority"},
             {"conflict_type", "x.conflict_type"}}};
}
std::vector<ExpectedRow> conflict_rows(const Tables& /*tables*/, const StudyDocuments& study) {
    std::vector<ExpectedRow> rows;
    for (const auto& document : study.image_sets) {
        if (document.is_primary) continue;
        rows.push_back(row_of(study, document.image_set_id, {}));
        append(rows.back(), {document.series_instance_uid, std::to_string(kConflictPriority),
                             std::string(kConflictType)});
    }
    return rows;
}

ComparedTable applied_table() {
    return {kApplied,
            "larmor_applied x JOIN series s ON s.series_pkey = x.series_pkey" +
                std::string(kOfSeries),
            "x.imagesetid",
            {{"datastoreid", "x.datastoreid"},
             {"seriesinstanceuid", "s.seriesinstanceuid"},
             {"version", "x.version"},
             {"is_deleted", "x.is_deleted"},
             {"instances", "x.instances"}}};
}
std::vector<ExpectedRow> applied_rows(const Tables& /*tables*/, const StudyDocuments& study) {
    std::vector<ExpectedRow> rows;
    for (const auto& document : study.image_sets) {
        rows.push_back(row_of(study, document.image_set_id, {}));
        append(rows.back(), {document.datastore_id, document.series_instance_uid,
                             std::to_string(document.version), "0",
                             std::to_string(counted_instances(document)), kInTime});
    }
    return rows;
}

ComparedTable instance_table(const Tables& tables) {
    return {"instance",
            "instance x JOIN series s ON s.series_pkey = x.series_pkey" +
                std::string(kOfSeries) +
                " LEFT JOIN imageset m ON m.imageset_pkey = x.imageset_pkey",
            "x.sopinstanceuid",
            attributes(tables, Level::Instance) +
                std::vector<Value>{{"seriesinstanceuid", "s.seriesinstanceuid"},
                                   {"imagesetid", "m.imagesetid"},
                                   {"larmor_version", "x.larmor_version"}}};
}
std::vector<ExpectedRow> instance_rows(const Tables& tables, const StudyDocuments& study) {
    std::vector<ExpectedRow> rows;
    if (!tables.levels.has(Level::Instance)) return rows;
    for (const auto& document : study.image_sets) {
        if (!document.is_primary) continue;
        for (const auto& instance : document.instances) {
            rows.push_back(row_of(study, instance.sop_instance_uid, instance.values));
            append(rows.back(), {document.series_instance_uid, document.image_set_id,
                                 std::to_string(document.version), kInTime});
        }
    }
    return rows;
}

ComparedTable frame_table() {
    return {"frame",
            "frame x JOIN instance i ON i.instance_pkey = x.instance_pkey"
            " JOIN series s ON s.series_pkey = i.series_pkey" +
                std::string(kOfSeries) +
                " LEFT JOIN imageset m ON m.imageset_pkey = x.imageset_pkey",
            "CONCAT(x.frameid, ' ', i.sopinstanceuid)",
            {{"framenumber", "x.framenumber"}, {"imagesetid", "m.imagesetid"}}};
}
std::vector<ExpectedRow> frame_rows(const Tables& tables, const StudyDocuments& study) {
    std::vector<ExpectedRow> rows;
    if (!tables.levels.has(Level::Frame)) return rows;
    for (const auto& document : study.image_sets) {
        if (!document.is_primary) continue;
        for (const auto& instance : document.instances) {
            for (std::uint32_t frame = 0; frame < instance.frames; ++frame) {
                rows.push_back(row_of(
                    study,
                    healthimaging::to_frame_id({instance.file, frame}, document.datastore_id) +
                        ' ' + instance.sop_instance_uid,
                    {}));
                append(rows.back(), {std::to_string(frame + 1), document.image_set_id});
            }
        }
    }
    return rows;
}

ComparedTable tag_table() {
    return {"tag",
            "tag x JOIN series s ON s.series_pkey = x.series_pkey" + std::string(kOfSeries) +
                " JOIN imageset m ON m.imageset_pkey = x.imageset_pkey",
            "CONCAT(m.imagesetid, ' ', x.`key`)",
            {{"seriesinstanceuid", "s.seriesinstanceuid"},
             {"value", "x.value"},
             {"description", "x.description"}}};
}
std::vector<ExpectedRow> tag_rows(const Tables& /*tables*/, const StudyDocuments& study) {
    std::vector<ExpectedRow> rows;
    for (const auto& document : study.image_sets) {
        for (const auto& [key, value] : document.labels) {
            rows.push_back(row_of(study, document.image_set_id + ' ' + label_text(key), {}));
            append(rows.back(), {document.series_instance_uid, label_text(value)});
            rows.back().emplace_back(std::nullopt);
        }
    }
    return rows;
}

ComparedTable imagetype_table() {
    return {"imagetype",
            "imagetype x JOIN larmor_imagetype l ON l.imagetype_pkey = x.imagetype_pkey"
            " JOIN imageset m ON m.imageset_pkey = l.imageset_pkey"
            " JOIN series s ON s.series_pkey = m.series_pkey" +
                std::string(kOfSeries),
            "CONCAT(m.imagesetid, ' ', x.type)",
            {}};
}
std::vector<ExpectedRow> imagetype_rows(const Tables& tables, const StudyDocuments& study) {
    std::vector<ExpectedRow> rows;
    const auto at = tables.image_type();
    for (const auto& document : study.image_sets) {
        if (!document.is_primary) continue;
        std::set<std::string> types;
        for (const auto& instance : document.instances) types.merge(image_types(instance, at));
        for (const auto& type : types) {
            rows.push_back(row_of(study, document.image_set_id + ' ' + type, {}));
        }
    }
    return rows;
}

/// Of no study: with what else belongs to none.
ComparedTable importjob_table(std::span<const StudyDocuments> studies) {
    std::string ours = "FALSE";
    for (const auto& study : studies) {
        if (!study.study_instance_uid.empty()) continue;
        ours = known_import_jobs(study.datastore_id, study.import_jobs) + " OR " +
               foreign_import_jobs(study.datastore_id, study.import_jobs);
    }
    ComparedTable table{"importjob",
                        "importjob x JOIN (SELECT '' AS studyinstanceuid) t ON " + ours,
                        "COALESCE(x.ahijobid, '')",
                        {{"larmor_datastoreid", "x.larmor_datastoreid"}}};
    for (const auto column : kImportJobColumns) {
        table.values.push_back({std::string(column), "x." + std::string(column)});
    }
    return table;
}
std::vector<ExpectedRow> importjob_rows(const StudyDocuments& study) {
    std::vector<ExpectedRow> rows;
    for (const auto& job : study.import_jobs) {
        rows.push_back(row_of(study, job.id, {}));
        append(rows.back(), {job.datastore_id});
        for (auto& value : import_job_values(job)) rows.back().push_back(std::move(value));
        append(rows.back(), {kInTime});
    }
    return rows;
}

/// Tables whose rows say what they are of.
bool has_position(const ComparedTable& table) {
    constexpr std::array<std::string_view, 6> kNames = {"patient",  "study",     "series",
                                                        "instance", "importjob", kApplied};
    return std::ranges::find(kNames, table.name) != kNames.end();
}

}  // namespace

std::string ComparedTable::column_names() const {
    std::string names = "larmor_study, larmor_key";
    for (const auto& value : values) names += ", `" + value.name + "`";
    return names;
}

std::string ComparedTable::select() const {
    std::string sql = "SELECT t.studyinstanceuid AS larmor_study, " + key + " AS larmor_key";
    for (const auto& value : values) sql += ", " + value.sql + " AS `" + value.name + "`";
    return sql + " FROM " + from;
}

std::string ComparedTable::select_from(std::string_view other) const {
    return "SELECT " + column_names() + " FROM " + std::string(other);
}

std::string ComparedTable::digest() const {
    // NULL is another value than an empty text, and no two values run into each other.
    std::string text = "CONCAT_WS(CHAR(0), larmor_key";
    for (const auto& value : values) text += ", COALESCE(`" + value.name + "`, CHAR(1))";
    return number_of(text + ")");
}

std::string ComparedTable::number_of(std::string_view text) {
    return "CAST(CONV(LEFT(MD5(" + std::string(text) + "), 16), 16, 10) AS UNSIGNED)";
}

std::vector<ComparedTable> compared_tables(const Tables& tables,
                                           std::span<const StudyDocuments> studies) {
    events::Position newest;
    for (const auto& study : studies) newest = std::max(newest, study.newest);
    std::vector<ComparedTable> all = {
        patient_table(tables), study_table(tables), series_table(tables),    imageset_table(),
        conflict_table(),      applied_table(),     instance_table(tables),  frame_table(),
        tag_table(),           imagetype_table(),   importjob_table(studies)};
    for (auto& table : all) {
        if (!has_position(table)) continue;
        const bool is_applied = table.name == kApplied;
        table.values.push_back(is_too_late(newest, is_applied ? "epoch" : "larmor_epoch",
                                           is_applied ? "sequence" : "larmor_sequence"));
    }
    return all;
}

std::vector<ExpectedRow> expected_rows(std::size_t index, const Tables& tables,
                                       const StudyDocuments& study) {
    constexpr std::array kMakers = {patient_rows,  study_rows,    series_rows,   imageset_rows,
                                    conflict_rows, applied_rows,  instance_rows, frame_rows,
                                    tag_rows,      imagetype_rows};
    if (index == kMakers.size()) return importjob_rows(study);
    if (study.image_sets.empty()) return {};
    return kMakers.at(index)(tables, study);
}

}  // namespace larmor::index::mysql
