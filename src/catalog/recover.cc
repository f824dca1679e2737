#include <vector>

#include "catalog/catalog_impl.h"
#include "catalog/deletions.h"
#include "catalog/edit_moves.h"

namespace larmor::catalog {
namespace {

/// An image set of a deletion, as it lies now.
struct Lying {
    ImageSetTarget target;
    DeletedImageSet as;
    std::int64_t rows = 0;
    std::int64_t stored_again = 0;  ///< the SOP Instance UID is ACTIVE again
};

/// Whether a row of instances has been stored again since. Copies and conflicts are in nobody's
/// way.
constexpr std::string_view kStoredAgain =
    "EXISTS (SELECT 1 FROM instances j JOIN image_sets n ON n.id = j.image_set"
    " WHERE j.sop_instance_uid = instances.sop_instance_uid AND n.state <> 2"
    " AND n.is_primary = 1)";

std::string sql_with_stored_again(std::string_view before, std::string_view after = {}) {
    return std::string(before).append(kStoredAgain).append(after);
}

Result<std::vector<Lying>> find_lying(db::Transaction& tx, DeletionRow deletion) {
    std::vector<Lying> found;
    TRY(db::Query query,
        tx.prepare("SELECT m.id, m.image_set_id, m.study, m.series, m.latest_version,"
                   " d.series_instance_uid, d.was_primary, d.is_whole"
                   " FROM deletion_image_sets d JOIN image_sets m ON m.id = d.image_set"
                   " WHERE d.deletion = ?1 ORDER BY d.was_primary DESC, m.id"));
    query.bind(static_cast<std::int64_t>(deletion));
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return found;
        found.push_back({.target = {.row = query.int64(0),
                                    .id = query.string(1),
                                    .study = query.int64(2),
                                    .series = query.int64(3),
                                    .is_primary = query.int64(6) != 0,
                                    .is_active = false,
                                    .is_announced = query.int64(7) != 0,
                                    .latest_version = query.int64(4),
                                    .entry = nullptr},
                         .as = {.series_instance_uid = query.string(5),
                                .was_primary = query.int64(6) != 0,
                                .is_whole = query.int64(7) != 0}});
    }
}

Result<void> count(db::Transaction& tx, Lying& lying) {
    static const std::string kSql = sql_with_stored_again(
        "SELECT count(*), count(*) FILTER (WHERE ", ") FROM instances WHERE image_set = ?1");
    TRY(db::Query query, tx.prepare(kSql));
    query.bind(lying.target.row);
    TRY_VOID(query.next());
    lying.rows = query.int64(0);
    // A conflict is recovered as one, whatever else has its UID.
    lying.stored_again = lying.as.was_primary ? query.int64(1) : 0;
    return {};
}

/// Sees to it that there is a study with the UID; gives its row.
Result<std::int64_t> study_for(db::Transaction& tx, const Deletion& deletion,
                               std::int64_t lies_in) {
    TRY(db::Query query,
        tx.prepare("SELECT t.id, t.patient = d.patient FROM studies t, studies d"
                   " WHERE t.study_instance_uid = ?1 AND d.id = ?2"));
    query.bind(deletion.study_instance_uid, lies_in);
    TRY(const bool found, query.next());
    if (!found) {
        TRY_VOID(tx.run("UPDATE studies SET study_instance_uid = ?2 WHERE id = ?1", lies_in,
                        deletion.study_instance_uid));
        return lies_in;
    }
    if (query.int64(1) == 0) {
        return fail(ErrorCode::Conflict,
                    "the study was stored again for another patient since: delete that first");
    }
    return query.int64(0);
}

}  // namespace

/// One image set back to where it was: as a set of its own, or into the one that came since.
class Catalog::Impl::Return {
public:
    Return(Impl& impl, db::Transaction& tx, const Deletion& deletion,
           const RemoveObject& remove)
        : impl_(impl), tx_(tx), deletion_(deletion), remove_(remove) {}

    /// Gives the number of instances that came back.
    Result<std::int64_t> operator()(Lying lying) {
        const std::int64_t back = lying.rows - lying.stored_again;
        if (back == 0 && lying.rows > 0) return 0;
        TRY_VOID(find_place(lying));
        impl_.forget_series(tx_, deletion_.study_instance_uid, lying.as.series_instance_uid);
        TRY(const auto active, active_primary(lying));
        if (lying.as.was_primary && active) {
            TRY_VOID(merge(lying, *active, back));
        } else {
            TRY_VOID(activate(lying, back));
        }
        return back;
    }

private:
    /// Puts the set below the series that has the UID now, or brings that series back.
    Result<void> find_place(Lying& lying) {
        auto& target = lying.target;
        TRY(const std::int64_t study, study_for(tx_, deletion_, target.study));
        std::int64_t series = 0;
        {
            TRY(db::Query query, tx_.prepare("SELECT id FROM series WHERE study = ?1"
                                             " AND series_instance_uid = ?2"));
            query.bind(study, lying.as.series_instance_uid);
            TRY(const bool found, query.next());
            if (found) series = query.int64(0);
        }
        if (series == 0) {
            TRY_VOID(
                tx_.run("UPDATE series SET study = ?2, series_instance_uid = ?3"
                        " WHERE id = ?1",
                        target.series, study, lying.as.series_instance_uid));
            TRY_VOID(tx_.run("UPDATE image_sets SET study = ?2 WHERE series = ?1",
                             target.series, study));
            series = target.series;
        } else if (series != target.series) {
            TRY_VOID(
                tx_.run("UPDATE series SET image_set = NULL WHERE id = ?1"
                        " AND image_set = ?2",
                        target.series, target.row));
            TRY_VOID(
                tx_.run("UPDATE image_sets SET series = ?2, study = ?3, is_primary = 0"
                        " WHERE id = ?1",
                        target.row, series, study));
            TRY_VOID(tx_.run("UPDATE instances SET series = ?2 WHERE image_set = ?1",
                             target.row, series));
            TRY_VOID(remove_series_if_empty(tx_, impl_.numbers, target.series));
        }
        target.study = study;
        target.series = series;
        return {};
    }

    Result<std::optional<ImageSetTarget>> active_primary(const Lying& lying) {
        TRY(db::Query query,
            tx_.prepare("SELECT m.id, m.image_set_id, m.latest_version FROM series s"
                        " JOIN image_sets m ON m.id = s.image_set"
                        " WHERE s.id = ?1 AND m.state = 0"));
        query.bind(lying.target.series);
        TRY(const bool found, query.next());
        if (!found) return std::nullopt;
        return ImageSetTarget{.row = query.int64(0),
                              .id = query.string(1),
                              .study = lying.target.study,
                              .series = lying.target.series,
                              .is_primary = true,
                              .latest_version = query.int64(2),
                              .entry = nullptr};
    }

    Result<std::vector<std::int64_t>> coming_back(std::int64_t image_set) {
        static const std::string kSql = sql_with_stored_again(
            "SELECT id FROM instances WHERE image_set = ?1 AND NOT ", " ORDER BY id");
        TRY(db::Query query, tx_.prepare(kSql));
        query.bind(image_set);
        std::vector<std::int64_t> instances;
        for (;;) {
            TRY(const bool row, query.next());
            if (!row) return instances;
            instances.push_back(query.int64(0));
        }
    }

    Result<void> merge(const Lying& lying, const ImageSetTarget& into, std::int64_t back) {
        const std::int64_t version = impl_.changes.change(
            tx_, into,
            {.rows = back, .shown = back, .active = std::nullopt, .cause = "recover"});
        TRY(const auto moving, coming_back(lying.target.row));
        TRY_VOID(take_edits_over(tx_, lying.target.row, into.row, version, moving));
        static const std::string kSql = sql_with_stored_again(
            "UPDATE instances SET image_set = ?2, first_version = ?3"
            " WHERE image_set = ?1 AND NOT ");
        TRY_VOID(tx_.run(kSql, lying.target.row, into.row, version));
        if (lying.stored_again == 0) {
            return remove_image_set(tx_, impl_.numbers, lying.target.row, remove_);
        }
        TRY_VOID(tx_.run("UPDATE image_sets SET number_of_instances = ?2 WHERE id = ?1",
                         lying.target.row, lying.stored_again));
        TRY_VOID(
            tx_.run("UPDATE image_set_versions SET number_of_instances = ?2"
                    " WHERE image_set = ?1 AND version ="
                    " (SELECT latest_version FROM image_sets WHERE id = ?1)",
                    lying.target.row, lying.stored_again));
        return {};
    }

    Result<void> activate(const Lying& lying, std::int64_t back) {
        const auto& target = lying.target;
        if (lying.stored_again > 0) {
            DeletedImageSet rest = lying.as;
            rest.is_whole = false;
            TRY(const ImageSetTarget apart,
                impl_.set_apart(tx_, deletion_.row, target, rest, lying.stored_again));
            static const std::string kSql = sql_with_stored_again(
                "UPDATE instances SET image_set = ?2, first_version = 1"
                " WHERE image_set = ?1 AND ");
            TRY_VOID(tx_.run(kSql, target.row, apart.row));
            TRY_VOID(set_edits_apart(tx_, target.row, apart.row));
        }
        if (target.is_primary) {
            TRY_VOID(
                tx_.run("UPDATE image_sets SET is_primary = 0 WHERE series = ?1"
                        " AND is_primary = 1",
                        target.series));
            TRY_VOID(tx_.run("UPDATE series SET image_set = ?2 WHERE id = ?1", target.series,
                             target.row));
        }
        TRY_VOID(tx_.run("UPDATE image_sets SET state = 0, is_primary = ?2 WHERE id = ?1",
                         target.row, target.is_primary ? 1 : 0));
        TRY_VOID(tx_.run("DELETE FROM deletion_image_sets WHERE image_set = ?1", target.row));
        impl_.changes.change(tx_, target,
                             {.rows = -lying.stored_again,
                              .shown = target.is_primary ? back : 0,
                              .active = true,
                              .cause = "recover"});
        return {};
    }

    Impl& impl_;
    db::Transaction& tx_;
    const Deletion& deletion_;
    const RemoveObject& remove_;
};

Result<Recovery> Catalog::recover(db::Transaction& tx, std::string_view deletion_id,
                                  const RemoveObject& remove) {
    Recovery recovery;
    TRY(recovery.deletion, impl_->locked_deletion(*this, tx, deletion_id));
    auto& deletion = recovery.deletion;
    if (deletion.purging) {
        return fail(ErrorCode::Conflict, "it is being removed for good: too late to recover");
    }
    TRY(std::vector<Lying> lying, find_lying(tx, deletion.row));
    // All are counted before the first is back, so that none stands in another's way.
    for (Lying& one : lying) TRY_VOID(count(tx, one));
    Impl::Return put_back(*impl_, tx, deletion, remove);
    for (const Lying& one : lying) {
        TRY(const std::int64_t back, put_back(one));
        recovery.recovered += back;
        recovery.kept += one.rows - back;
    }
    if (recovery.recovered == 0) {
        return fail(ErrorCode::Conflict,
                    "every instance of it was stored again since: delete that first");
    }
    deletion.number_of_instances = recovery.kept;
    if (recovery.kept == 0) {
        TRY_VOID(tx.run("DELETE FROM deletions WHERE id = ?1",
                        static_cast<std::int64_t>(deletion.row)));
    } else {
        TRY_VOID(tx.run("UPDATE deletions SET number_of_instances = ?2 WHERE id = ?1",
                        static_cast<std::int64_t>(deletion.row), recovery.kept));
    }
    return recovery;
}

}  // namespace larmor::catalog
