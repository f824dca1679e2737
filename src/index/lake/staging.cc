#include "index/lake/staging.h"

#include "base/hash.h"
#include "base/json_text.h"
#include "index/lake/columns.h"

namespace larmor::index::lake {
namespace {

constexpr std::size_t kKeyDigits = 32;

/// Patients are told apart by id and issuer; those without an id by their study.
std::string patient_key(const ImageSetDocument& document) {
    if (document.patient_id.empty()) {
        return document.study_instance_uid.empty() ? std::string()
                                                   : "study:" + document.study_instance_uid;
    }
    std::string both = document.issuer_of_patient_id;
    both += '\0';
    both += document.patient_id;
    return to_hex(sha256(as_bytes(both))).substr(0, kKeyDigits);
}

std::string names_of(std::span<const AttributeColumn> columns, std::string_view type) {
    std::string names;
    for (const auto& column : columns) {
        names += ", " + quoted_name(column.name);
        names += type;
    }
    return names;
}

/// All columns of the level; those that nobody wanted are NULL.
void add_values(Engine::Appender& appender, Level level, const ImageSetDocument& document,
                const Values& values) {
    const auto& wanted = document.wanted.at(level);
    std::size_t at = 0;
    for (const auto& column : attribute_columns(level)) {
        const bool is_wanted = at < wanted.size() && wanted[at] == column.tag;
        if (is_wanted && at < values.size() && values[at]) {
            appender.add(*values[at]);
        } else {
            appender.add_null();
        }
        at += is_wanted ? 1 : 0;
    }
}

void add_set(Engine::Appender& appender, std::int64_t ordinal, std::int64_t columns,
             const ImageSetDocument& document) {
    appender.add(ordinal);
    appender.add(document.datastore_id);
    appender.add(document.image_set_id);
    appender.add(document.version);
    appender.add_bool(document.is_primary);
    appender.add_bool(document.is_deleted);
    appender.add(document.as_of.epoch);
    appender.add(static_cast<std::int64_t>(document.as_of.sequence));
    appender.add(document.study_instance_uid);
    appender.add(document.series_instance_uid);
    appender.add(patient_key(document));
    appender.add(document.patient_id);
    appender.add(document.issuer_of_patient_id);
    appender.add(static_cast<std::int64_t>(document.instances.size()));
    appender.add(columns);
    appender.add_bool(document.is_again);
    add_values(appender, Level::Patient, document, document.patient);
    add_values(appender, Level::Study, document, document.study);
    add_values(appender, Level::Series, document, document.series);
    appender.end_row();
}

bool are_text(const Values& values) {
    for (const auto& value : values) {
        if (value && !is_utf8(*value)) return false;
    }
    return true;
}

std::string typed_values(Level level) {
    std::string sql;
    for (const auto& column : attribute_columns(level)) {
        sql += ", " + typed_value(column) + " AS " + quoted_name(column.name);
    }
    return sql;
}

/// The newest of each, of documents that still show it.
std::string newest(const std::string& table, const std::string& fields, Level level,
                   const std::string& key, const std::string& shown) {
    return "CREATE OR REPLACE TEMP TABLE " + table + " AS SELECT " + fields +
           typed_values(level) + ", larmor_epoch, larmor_sequence FROM staged_set WHERE " +
           shown + " <> '' QUALIFY row_number() OVER (PARTITION BY " + key +
           " ORDER BY larmor_epoch DESC, larmor_sequence DESC) = 1; ";
}

}  // namespace

Result<void> check_document(const ImageSetDocument& document, const Wanted& wanted) {
    if (document.wanted != wanted) {
        return fail(ErrorCode::Conflict, "the document was read for other columns");
    }
    bool good = are_text(document.patient) && are_text(document.study) &&
                are_text(document.series) && is_utf8(document.patient_id) &&
                is_utf8(document.issuer_of_patient_id) &&
                is_utf8(document.study_instance_uid) && is_utf8(document.series_instance_uid);
    for (const auto& instance : document.instances) {
        good = good && are_text(instance.values) && is_utf8(instance.sop_instance_uid);
    }
    if (good) return {};
    return fail(ErrorCode::InvalidInput, "image set " + document.image_set_id +
                                             " has an attribute that is no UTF-8 text");
}

Result<void> make_staging(Engine& engine) {
    std::string sql =
        "CREATE TABLE staged_set (ordinal BIGINT, datastore_id VARCHAR, image_set_id VARCHAR,"
        " version BIGINT, is_primary BOOLEAN, is_deleted BOOLEAN, larmor_epoch BIGINT,"
        " larmor_sequence BIGINT, StudyInstanceUID VARCHAR, SeriesInstanceUID VARCHAR,"
        " patient_key VARCHAR, PatientID VARCHAR, IssuerOfPatientID VARCHAR, instances BIGINT,"
        " larmor_columns BIGINT, is_again BOOLEAN";
    for (const Level level : {Level::Patient, Level::Study, Level::Series}) {
        sql += names_of(attribute_columns(level), " VARCHAR");
    }
    sql += "); CREATE TABLE staged_instance (ordinal BIGINT, SOPInstanceUID VARCHAR" +
           names_of(attribute_columns(Level::Instance), " VARCHAR") + ")";
    return engine.run(sql);
}

Result<void> stage(Engine& engine, std::span<const ImageSetDocument* const> documents,
                   Levels levels) {
    TRY_VOID(engine.run("TRUNCATE staged_set; TRUNCATE staged_instance"));
    TRY(const auto sets, engine.append_to("staged_set"));
    TRY(const auto instances, engine.append_to("staged_instance"));
    const auto columns = columns_number(levels);
    for (std::size_t i = 0; i < documents.size(); ++i) {
        const auto ordinal = static_cast<std::int64_t>(i);
        const auto& document = *documents[i];
        add_set(*sets, ordinal, columns, document);
        if (!levels.has(Level::Instance)) continue;
        for (const auto& instance : document.instances) {
            instances->add(ordinal);
            instances->add(instance.sop_instance_uid);
            add_values(*instances, Level::Instance, document, instance.values);
            instances->end_row();
        }
    }
    TRY_VOID(sets->finish());
    return instances->finish();
}

Result<void> give_types(Engine& engine) {
    return engine.run(newest("new_patient",
                             "patient_key, nullif(PatientID, '') AS PatientID,"
                             " nullif(IssuerOfPatientID, '') AS IssuerOfPatientID",
                             Level::Patient, "patient_key", "StudyInstanceUID") +
                      newest("new_study", "StudyInstanceUID, patient_key", Level::Study,
                             "StudyInstanceUID", "StudyInstanceUID") +
                      newest("new_series", "SeriesInstanceUID, StudyInstanceUID", Level::Series,
                             "SeriesInstanceUID", "SeriesInstanceUID"));
}

Result<void> rehearse_staged(Engine& engine, const std::filesystem::path& path) {
    TRY_VOID(give_types(engine));
    return engine.run("COPY (SELECT SOPInstanceUID" + typed_values(Level::Instance) +
                      " FROM staged_instance) TO " + quoted_text(path.string()) + " (" +
                      std::string(kFileFormat) + ")");
}

Result<void> give_types_to_instances(Engine& engine) {
    const std::string sql =
        "CREATE OR REPLACE TEMP TABLE fresh_instance AS SELECT i.SOPInstanceUID,"
        " x.SeriesInstanceUID, x.StudyInstanceUID, w.image_set_id,"
        " w.version AS image_set_version";
    return engine.run(sql + typed_values(Level::Instance) +
                      ", x.study_month FROM staged_instance i JOIN winner w USING (ordinal)"
                      " JOIN series x ON x.SeriesInstanceUID = w.SeriesInstanceUID"
                      " WHERE w.is_primary AND NOT w.is_deleted");
}

}  // namespace larmor::index::lake
