#include "index/lake/laid_down.h"

#include "index/lake/staging.h"
#include "index/lake/state.h"

namespace larmor::index::lake {

std::string_view laid_down_text();

namespace {

std::string view_of(Table table, const std::string& files) {
    std::string sql = "CREATE OR REPLACE TEMP VIEW lake_" + std::string(name_of(table)) +
                      " AS SELECT * EXCLUDE (filename), regexp_extract(filename,"
                      " '([0-9a-f]{16})\\.parquet$', 1) AS file FROM (SELECT ";
    for (const auto& column : columns_of(table)) {
        sql += "NULL::" + column.type + " AS " + quoted_name(column.name) + ", ";
    }
    sql += "NULL::VARCHAR AS study_month, NULL::VARCHAR AS filename WHERE false";
    // Files of an older version may lack columns.
    if (!files.empty()) sql += " UNION ALL BY NAME " + scan_of(table, files);
    return sql + ")";
}

Result<void> ask_for(Engine& engine, std::span<const StudyDocuments> studies) {
    TRY_VOID(engine.run("TRUNCATE asked"));
    TRY(const auto asked, engine.append_to("asked"));
    for (const auto& study : studies) {
        if (is_rest(study)) continue;
        asked->add(study.study_instance_uid);
        asked->end_row();
    }
    return asked->finish();
}

Result<void> give_types_to_should_instance(Engine& engine) {
    std::string sql =
        "CREATE OR REPLACE TEMP TABLE should_instance AS SELECT s.StudyInstanceUID AS"
        " larmor_study, i.SOPInstanceUID, s.SeriesInstanceUID, s.StudyInstanceUID,"
        " s.image_set_id, s.version AS image_set_version";
    for (const auto& column : attribute_columns(Level::Instance)) {
        sql += ", " + typed_value(column) + " AS " + quoted_name(column.name);
    }
    return engine.run(sql +
                      ", t.study_month FROM staged_instance i JOIN staged_set s USING (ordinal)"
                      " JOIN (SELECT StudyInstanceUID AS uid, study_month FROM should_study) t"
                      " ON t.uid = s.StudyInstanceUID WHERE s.is_primary");
}

}  // namespace

bool is_rest(const StudyDocuments& study) {
    return study.study_instance_uid.empty();
}

std::string is_rest_row(Table table) {
    switch (table) {
        case Table::Patient:
            return "coalesce(patient_key NOT IN (SELECT patient_key FROM lake_study WHERE"
                   " patient_key IS NOT NULL), true)";
        case Table::ImageSet:
            return "is_deleted IS NOT TRUE AND coalesce(SeriesInstanceUID NOT IN (SELECT"
                   " SeriesInstanceUID FROM lake_series WHERE SeriesInstanceUID IS NOT NULL),"
                   " true)";
        case Table::Study:
        case Table::Series:
        case Table::Instance:
            break;
    }
    return "coalesce(StudyInstanceUID, '') = ''";
}

Result<std::unique_ptr<Engine>> open_look(const Engine::Options& options) {
    TRY(auto engine, Engine::open(options));
    // Files are read where they lie: who has changed one left its name as it was.
    TRY_VOID(
        engine->run("SET enable_external_file_cache = false; CREATE TABLE asked"
                    " (uid VARCHAR)"));
    TRY_VOID(make_staging(*engine));
    return engine;
}

Result<void> look_at(Engine& engine, Store& store, const Manifest& manifest) {
    for (const Table table : kTables) {
        std::vector<DataFile> files;
        for (const auto& file : manifest.files) {
            if (file.table == table) files.push_back(file);
        }
        std::string list;
        if (!files.empty()) {
            TRY(list, readable_list(store, files));
        }
        TRY_VOID(engine.run(view_of(table, list)));
    }
    return {};
}

Result<void> lay_down(Engine& engine, std::span<const StudyDocuments> studies, Levels levels) {
    TRY_VOID(ask_for(engine, studies));
    const Wanted wanted = wanted_attributes(levels);
    std::vector<const ImageSetDocument*> documents;
    for (const auto& study : studies) {
        for (const auto& document : study.image_sets) {
            TRY_VOID(check_document(document, wanted));
            documents.push_back(&document);
        }
    }
    TRY_VOID(stage(engine, documents, levels));
    TRY_VOID(give_types(engine));
    TRY_VOID(engine.run(std::string(laid_down_text())));
    return give_types_to_should_instance(engine);
}

Result<void> take_up(Engine& engine) {
    std::string sql = "TRUNCATE staged_set; TRUNCATE staged_instance";
    for (const Table table : kTables) {
        for (const char* const what : {"is_", "should_", "fresh_"}) {
            sql += "; DROP TABLE IF EXISTS ";
            sql += what;
            sql += name_of(table);
        }
    }
    return engine.run(sql);
}

}  // namespace larmor::index::lake
