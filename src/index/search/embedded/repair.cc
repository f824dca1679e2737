#include <algorithm>
#include <cstdint>

#include "index/search/embedded/compare.h"
#include "index/search/embedded/rows_of_study.h"
#include "index/search/embedded/write_set.h"

namespace larmor::index::search::embedded {
namespace {

class Repairing {
public:
    Repairing(db::Transaction& tx, const StudyDocuments& study)
        : tx_(tx), study_(study), as_of_(study.newest) {
        for (const auto& document : study.image_sets) {
            as_of_ = std::min(as_of_, document.as_of);
        }
    }

    Result<Target::Applied> run() {
        TRY(const auto sets, image_sets_of(tx_, study_));
        for (const auto id : sets) {
            TRY(const bool is_later, is_of_later(id));
            if (is_later && !study_.is_forced) return Target::Applied::Older;
        }
        for (const auto id : sets) TRY_VOID(take_away(id));
        TRY_VOID(tx_.run("DELETE FROM studies WHERE \"StudyInstanceUID\" = ?1",
                         study_.study_instance_uid));
        TRY_VOID(drop_rows_of_none());
        for (const auto& document : study_.image_sets) {
            TRY_VOID(forget(document));
            TRY_VOID(write_set(tx_, document, make_set_row(document)));
        }
        return Target::Applied::Written;
    }

    Result<Target::Applied> run_for_rest() {
        TRY_VOID(
            tx_.run("DELETE FROM instances WHERE image_set NOT IN"
                    " (SELECT id FROM image_sets WHERE is_shown = 1)"));
        TRY_VOID(
            tx_.run("DELETE FROM instance_kinds WHERE image_set NOT IN"
                    " (SELECT id FROM image_sets WHERE is_shown = 1)"));
        TRY_VOID(
            remove_words("DELETE FROM words WHERE rowid > ?1 AND rowid NOT IN"
                         " (SELECT id FROM image_sets WHERE is_shown = 1)",
                         INT64_MIN));
        TRY(const auto sets, orphans());
        for (const auto id : sets) TRY_VOID(take_away(id));
        TRY(const bool words_are_good, check_words(tx_));
        if (!words_are_good) TRY_VOID(tx_.run("INSERT INTO words (words) VALUES ('rebuild')"));
        return Target::Applied::Written;
    }

private:
    Result<bool> is_of_later(std::int64_t id) {
        TRY(db::Query query, tx_.prepare("SELECT 1 FROM image_sets WHERE id = ?1 AND"
                                         " (epoch, sequence) > (?2, ?3)"));
        query.bind(id, as_of_.epoch, as_of_.sequence);
        return query.next();
    }

    /// FTS5 may refuse to where its index is of other rows: then that is made anew first.
    Result<void> remove_words(std::string_view sql, std::int64_t number) {
        const auto removed = tx_.run(sql, number);
        if (removed) return {};
        if (removed.error().code != ErrorCode::Corrupt) {
            return tl::unexpected(removed.error());
        }
        TRY_VOID(tx_.run("INSERT INTO words (words) VALUES ('rebuild')"));
        TRY_VOID(tx_.run(sql, number));
        return {};
    }

    /// It is deleted, so that nothing that is late brings it back.
    Result<void> take_away(std::int64_t id) {
        static const std::string kSql = [] {
            std::string sql =
                "UPDATE image_sets SET is_deleted = 1, is_shown = 0, instances = 0,"
                " study = NULL, epoch = ?2, sequence = ?3";
            for (const Field& field : fields_of_sets()) {
                sql += ", \"" + std::string(field.keyword) + "\" = NULL";
            }
            return sql + " WHERE id = ?1";
        }();
        TRY_VOID(remove_words("DELETE FROM words WHERE rowid = ?1", id));
        TRY_VOID(tx_.run("DELETE FROM instances WHERE image_set = ?1", id));
        // They go with their instances, where there were any.
        TRY_VOID(tx_.run("DELETE FROM instance_kinds WHERE image_set = ?1", id));
        TRY_VOID(tx_.run(kSql, id, as_of_.epoch, as_of_.sequence));
        return {};
    }

    /// An image set that comes anew gets the next number, of which there may be rows where its
    /// own row was removed by hand.
    Result<void> drop_rows_of_none() {
        for (const char* table : {"instances", "instance_kinds"}) {
            TRY_VOID(tx_.run("DELETE FROM " + std::string(table) +
                             " WHERE image_set >"
                             " (SELECT coalesce(max(id), 0) FROM image_sets)"));
        }
        return remove_words(
            "DELETE FROM words WHERE rowid > max(?1,"
            " (SELECT coalesce(max(id), 0) FROM image_sets))",
            0);
    }

    /// So that the document goes over what is there.
    Result<void> forget(const ImageSetDocument& document) {
        TRY_VOID(
            tx_.run("UPDATE image_sets SET epoch = 0, sequence = 0, version = 0 WHERE"
                    " datastore_id = ?1 AND image_set_id = ?2",
                    document.datastore_id, document.image_set_id));
        return {};
    }

    Result<std::vector<std::int64_t>> orphans() {
        TRY(db::Query query,
            tx_.prepare("SELECT s.id FROM image_sets s WHERE s.is_shown = 1 AND NOT EXISTS"
                        " (SELECT 1 FROM studies t WHERE t.id = s.study)"));
        std::vector<std::int64_t> ids;
        for (;;) {
            TRY(const bool has_row, query.next());
            if (!has_row) return ids;
            ids.push_back(query.int64(0));
        }
    }

    db::Transaction& tx_;
    const StudyDocuments& study_;
    events::Position as_of_;  ///< of its oldest document
};

}  // namespace

Result<Target::Applied> repair(db::Transaction& tx, const StudyDocuments& study) {
    Repairing repairing(tx, study);
    return study.study_instance_uid.empty() ? repairing.run_for_rest() : repairing.run();
}

}  // namespace larmor::index::search::embedded
