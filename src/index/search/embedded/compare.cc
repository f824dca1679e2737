#include "index/search/embedded/compare.h"

#include <array>
#include <utility>

#include "index/search/embedded/rows_of_study.h"

namespace larmor::index::search::embedded {
namespace {

constexpr std::array<std::pair<const char*, RowsByKey RowsOfStudy::*>, 5> kTables = {
    {{"image_sets", &RowsOfStudy::image_sets},
     {"studies", &RowsOfStudy::studies},
     {"instances", &RowsOfStudy::instances},
     {"instance_kinds", &RowsOfStudy::kinds},
     {"words", &RowsOfStudy::words}}};

Result<void> compare_study(db::Snapshot& snapshot, const StudyDocuments& study,
                           std::vector<Drift>& drift) {
    TRY(const auto is, read_rows(snapshot, study));
    const auto should_be = make_rows(study);
    for (const auto& [name, table] : kTables) {
        if (is.*table == should_be.*table) continue;
        drift.push_back({.study_instance_uid = study.study_instance_uid, .table = name});
        count_drift(drift.back(), is.*table, should_be.*table);
    }
    return {};
}

Result<void> compare_rest(db::Snapshot& snapshot, std::vector<Drift>& drift) {
    constexpr std::array<std::pair<const char*, const char*>, 4> kRest = {
        {{"image_sets",
          "SELECT count(*) FROM image_sets s WHERE s.is_shown = 1 AND NOT EXISTS"
          " (SELECT 1 FROM studies t WHERE t.id = s.study)"},
         {"instances",
          "SELECT count(*) FROM instances WHERE image_set NOT IN"
          " (SELECT id FROM image_sets WHERE is_shown = 1)"},
         {"instance_kinds",
          "SELECT count(*) FROM instance_kinds WHERE image_set NOT IN"
          " (SELECT id FROM image_sets WHERE is_shown = 1)"},
         {"words",
          "SELECT count(*) FROM words WHERE rowid NOT IN"
          " (SELECT id FROM image_sets WHERE is_shown = 1)"}}};
    for (const auto& [table, sql] : kRest) {
        TRY(db::Query query, snapshot.prepare(sql));
        TRY_VOID(query.next());
        if (query.int64(0) == 0) continue;
        drift.push_back({.study_instance_uid = "",
                         .table = table,
                         .extra = static_cast<std::size_t>(query.int64(0))});
    }
    return {};
}

}  // namespace

Result<std::vector<std::string>> list_studies(db::Snapshot& snapshot, std::string_view after,
                                              std::size_t limit) {
    TRY(db::Query query,
        snapshot.prepare("SELECT \"StudyInstanceUID\" FROM studies WHERE \"StudyInstanceUID\" >"
                         " ?1 ORDER BY 1 LIMIT ?2"));
    query.bind(after, limit);
    std::vector<std::string> uids;
    for (;;) {
        TRY(const bool has_row, query.next());
        if (!has_row) return uids;
        uids.push_back(query.string(0));
    }
}

Result<std::vector<Drift>> compare(db::Snapshot& snapshot,
                                   std::span<const StudyDocuments> studies) {
    std::vector<Drift> drift;
    for (const auto& study : studies) {
        TRY_VOID(study.study_instance_uid.empty() ? compare_rest(snapshot, drift)
                                                  : compare_study(snapshot, study, drift));
    }
    return drift;
}

Result<bool> check_words(db::Transaction& tx) {
    const auto checked =
        tx.run("INSERT INTO words (words, rank) VALUES ('integrity-check', 0)");
    if (checked) return true;
    if (checked.error().code == ErrorCode::Corrupt) return false;
    return tl::unexpected(checked.error());
}

}  // namespace larmor::index::search::embedded
