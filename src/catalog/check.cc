#include "catalog/check.h"

#include "catalog/shared_objects.h"

namespace larmor::catalog {
namespace {

std::string differ(std::string_view what, std::int64_t says, std::int64_t there) {
    return std::string(what) + " says " + std::to_string(says) + ", there are " +
           std::to_string(there);
}

Result<void> check_image_sets(db::Check& check) {
    return check.for_each_row(
        "SELECT m.id, m.image_set_id, m.number_of_instances,"
        " (SELECT count(*) FROM instances i WHERE i.image_set = m.id),"
        " m.latest_version,"
        " (SELECT count(*) FROM image_set_versions v WHERE v.image_set = m.id),"
        " (SELECT v.number_of_instances FROM image_set_versions v"
        "   WHERE v.image_set = m.id AND v.version = m.latest_version),"
        " (SELECT s.study FROM series s WHERE s.id = m.series) IS NOT DISTINCT FROM m.study,"
        " (m.is_primary = 1) = (SELECT s.image_set IS NOT DISTINCT FROM m.id FROM series s"
        "   WHERE s.id = m.series)"
        " FROM image_sets m WHERE m.id > ?1 ORDER BY m.id LIMIT ?2",
        [&](const db::Query& row) {
            const std::string where = "image set " + row.string(1);
            const std::int64_t instances = row.int64(3);
            if (row.int64(2) != instances) {
                check.error(where, differ("number_of_instances", row.int64(2), instances),
                            db::Repair::Counts);
            }
            if (row.int64(4) != row.int64(5)) {
                check.error(where,
                            differ("latest_version", row.int64(4), row.int64(5)) + " versions");
            } else if (row.int64(6) != instances) {
                check.error(
                    where,
                    differ("number_of_instances of the last version", row.int64(6), instances),
                    db::Repair::Counts);
            }
            if (row.int64(7) == 0) {
                check.error(where, "its series is missing or of another study");
            }
            if (row.int64(8) == 0) {
                check.error(where, "it and its series differ in whether it is primary");
            }
            return true;
        });
}

Result<void> check_studies(db::Check& check) {
    TRY_VOID(check.for_each_row(
        "SELECT s.id, s.series_instance_uid FROM series s WHERE s.id > ?1"
        " AND s.image_set IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM image_sets m WHERE m.id = s.image_set AND m.series = s.id)"
        " ORDER BY s.id LIMIT ?2",
        [&](const db::Query& row) {
            check.error("series " + row.string(1), "its image set is missing");
            return true;
        }));
    return check.for_each_row(
        "SELECT t.id, t.study_instance_uid, t.number_of_series,"
        " (SELECT count(*) FROM series s JOIN image_sets m ON m.id = s.image_set"
        "   WHERE s.study = t.id AND m.state <> 2),"
        " t.number_of_instances,"
        " (SELECT coalesce(sum((SELECT count(*) FROM instances i"
        "   WHERE i.image_set = s.image_set)), 0) FROM series s JOIN image_sets m"
        "   ON m.id = s.image_set WHERE s.study = t.id AND m.state <> 2)"
        " FROM studies t WHERE t.id > ?1 ORDER BY t.id LIMIT ?2",
        [&](const db::Query& row) {
            const std::string where = "study " + row.string(1);
            if (row.int64(2) != row.int64(3)) {
                check.error(where, differ("number_of_series", row.int64(2), row.int64(3)),
                            db::Repair::Counts);
            }
            if (row.int64(4) != row.int64(5)) {
                check.error(where, differ("number_of_instances", row.int64(4), row.int64(5)),
                            db::Repair::Counts);
            }
            return true;
        });
}

Result<void> check_instances(db::Check& check) {
    TRY_VOID(check.for_each_row(
        "SELECT i.id, i.sop_instance_uid, m.id IS NOT NULL AND m.series = i.series,"
        " i.first_version BETWEEN 1 AND m.latest_version,"
        " (i.preprocess = 1) = EXISTS"
        "   (SELECT 1 FROM prepared_instances p WHERE p.instance = i.id)"
        " FROM instances i LEFT JOIN image_sets m ON m.id = i.image_set"
        " WHERE i.id > ?1 ORDER BY i.id LIMIT ?2",
        [&](const db::Query& row) {
            const std::string where = "instance " + row.string(1);
            ++check.summary().instances;
            if (row.int64(2) == 0) {
                check.error(where, "its image set is missing or of another series");
            } else if (row.int64(3) == 0) {
                check.error(where, "it came with a version that its image set does not have");
            }
            if (row.int64(4) == 0) {
                check.error(where, "its state and what was prepared of it differ");
            }
            return true;
        }));
    TRY_VOID(check.for_each_row(
        "SELECT p.instance FROM prepared_instances p WHERE p.instance > ?1 AND NOT EXISTS"
        " (SELECT 1 FROM instances i WHERE i.id = p.instance) ORDER BY p.instance LIMIT ?2",
        [&](const db::Query& row) {
            check.error("row " + std::to_string(row.int64(0)) + " of prepared_instances",
                        "the instance that it was made of is missing");
            return true;
        }));
    TRY_VOID(check.for_each_row(
        "SELECT c.instance FROM conflict_columns c WHERE c.instance > ?1 AND NOT EXISTS"
        " (SELECT 1 FROM instances i WHERE i.id = c.instance) ORDER BY c.instance LIMIT ?2",
        [&](const db::Query& row) {
            check.error("row " + std::to_string(row.int64(0)) + " of conflict_columns",
                        "the instance that said it is missing");
            return true;
        }));
    return check.for_each_row(
        "SELECT a.id FROM instance_alternates a WHERE a.id > ?1 AND NOT EXISTS"
        " (SELECT 1 FROM instances i WHERE i.id = a.instance) ORDER BY a.id LIMIT ?2",
        [&](const db::Query& row) {
            check.error("row " + std::to_string(row.int64(0)) + " of instance_alternates",
                        "the instance that it is an encoding of is missing");
            return true;
        });
}

}  // namespace

Result<void> check_rows(db::Check& check) {
    TRY_VOID(check_instances(check));
    TRY_VOID(check_image_sets(check));
    TRY_VOID(check_deletions(check));
    TRY_VOID(check_edits(check));
    return check_studies(check);
}

Result<std::uint64_t> count_instances(db::Snapshot& snapshot) {
    TRY(db::Query query, snapshot.prepare("SELECT count(*) FROM instances"));
    TRY_VOID(query.next());
    return static_cast<std::uint64_t>(query.int64(0));
}

Result<void> repair_counts(db::Transaction& tx) {
    TRY_VOID(
        tx.run("UPDATE image_sets SET number_of_instances ="
               " (SELECT count(*) FROM instances i WHERE i.image_set = image_sets.id)"
               " WHERE number_of_instances <>"
               " (SELECT count(*) FROM instances i WHERE i.image_set = image_sets.id)"));
    TRY_VOID(
        tx.run("UPDATE image_set_versions SET number_of_instances = m.number_of_instances"
               " FROM image_sets m WHERE m.id = image_set_versions.image_set"
               " AND m.latest_version = image_set_versions.version"
               " AND m.number_of_instances <> image_set_versions.number_of_instances"));
    TRY_VOID(
        tx.run("UPDATE studies SET number_of_series ="
               " (SELECT count(*) FROM series s JOIN image_sets m ON m.id = s.image_set"
               "   WHERE s.study = studies.id AND m.state <> 2),"
               " number_of_instances = (SELECT coalesce(sum((SELECT count(*)"
               "   FROM instances i WHERE i.image_set = s.image_set)), 0)"
               "   FROM series s JOIN image_sets m ON m.id = s.image_set"
               "   WHERE s.study = studies.id AND m.state <> 2)"));
    TRY_VOID(
        tx.run("UPDATE deletions SET number_of_instances = (SELECT count(*)"
               " FROM deletion_image_sets d JOIN instances i ON i.image_set = d.image_set"
               " WHERE d.deletion = deletions.id)"));
    return count_owners(tx);
}

}  // namespace larmor::catalog
