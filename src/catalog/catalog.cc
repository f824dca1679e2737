#include "catalog/catalog.h"

#include "base/ids.h"
#include "catalog/catalog_impl.h"
#include "catalog/name_words.h"
#include "catalog/read_rows.h"

namespace larmor::catalog {
namespace {

Result<std::string> default_datastore(db::Transaction& tx, std::int64_t now_us) {
    if (tx.dialect() == db::Dialect::Postgres) {
        // Two processes that start together have the same one.
        TRY_VOID(tx.run_later("LOCK TABLE datastores IN SHARE ROW EXCLUSIVE MODE"));
    }
    {
        TRY(db::Query query,
            tx.prepare("SELECT datastore_id FROM datastores ORDER BY id LIMIT 1"));
        TRY(const bool row, query.next());
        if (row) return query.string(0);
    }
    std::string id = random_id();
    TRY_VOID(
        tx.run("INSERT INTO datastores (datastore_id, created) VALUES (?1, ?2)", id, now_us));
    return id;
}

Result<std::vector<ImageSetVersion>> read_versions(db::Query& query) {
    std::vector<ImageSetVersion> versions;
    for (;;) {
        TRY(const bool found, query.next());
        if (!found) return versions;
        versions.push_back({.version = query.int64(0),
                            .created = Time(std::chrono::microseconds(query.int64(1))),
                            .cause = query.string(2),
                            .number_of_instances = query.int64(3),
                            .forced = query.int64(4) != 0});
    }
}

std::string select_instance(std::string_view rest) {
    return std::string(kSelectInstance) + std::string(rest);
}

}  // namespace

Catalog::Catalog(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Catalog::~Catalog() = default;

Result<std::unique_ptr<Catalog>> Catalog::open(db::Database& database, events::EventLog& log,
                                               CatalogOptions options) {
    auto impl = std::make_shared<Impl>(log, options);
    TRY(impl->datastore_id, database.write_and_wait([&](db::Transaction& tx) {
        return default_datastore(tx, impl->now_us());
    }));
    TRY(impl->numbers,
        database.read([](db::Snapshot& snapshot) { return RowNumbers::load(snapshot); }));
    TRY_VOID(index_missing_name_words(database));
    std::unique_ptr<Catalog> catalog(new Catalog(std::move(impl)));
    database.before_commit([impl = catalog->impl_](db::Transaction& tx) {
        // What is known of a series holds as long as the lock on its study.
        if (tx.dialect() == db::Dialect::Postgres) impl->series.clear();
        return impl->changes.write(tx, impl->datastore_id);
    });
    return catalog;
}

const std::string& Catalog::datastore_id() const {
    return impl_->datastore_id;
}

Result<Time> Catalog::datastore_created(db::Snapshot& snapshot) const {
    TRY(db::Query query,
        snapshot.prepare("SELECT created FROM datastores WHERE datastore_id = ?1"));
    query.bind(datastore_id());
    TRY(const bool found, query.next());
    if (!found) return fail(ErrorCode::Corrupt, "the row of the datastore is gone");
    return Time(std::chrono::microseconds(query.int64(0)));
}

Result<std::vector<StoredInstance>> Catalog::find_by_sop_instance_uid(
    db::Snapshot& snapshot, std::string_view sop_instance_uid) const {
    static const std::string kSql = select_instance(
        " WHERE i.sop_instance_uid = ?1 AND m.state <> 2"
        " ORDER BY m.is_primary DESC, i.id");
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(sop_instance_uid);
    return read_instances(query);
}

Result<std::vector<Alternate>> Catalog::alternates(db::Snapshot& snapshot,
                                                   InstanceRow instance) const {
    TRY(db::Query query,
        snapshot.prepare("SELECT id, object, transfer_syntax_uid, size_bytes, sha256,"
                         " content_hash, created FROM instance_alternates WHERE instance = ?1"
                         " ORDER BY id"));
    query.bind(number_of(instance));
    std::vector<Alternate> alternates;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return alternates;
        Alternate alternate;
        alternate.row = query.int64(0);
        alternate.created = Time(std::chrono::microseconds(query.int64(6)));
        alternate.file.object = objects::ObjectId{query.int64(1)};
        alternate.file.transfer_syntax_uid = query.string(2);
        alternate.file.size_bytes = static_cast<std::uint64_t>(query.int64(3));
        TRY(alternate.file.sha256, read_hash(query, 4));
        TRY(alternate.file.content_hash, read_hash(query, 5));
        alternates.push_back(std::move(alternate));
    }
}

Result<StoredStudy> Catalog::find_study(db::Snapshot& snapshot,
                                        std::string_view study_uid) const {
    std::int64_t row = 0;
    {
        TRY(db::Query query,
            snapshot.prepare("SELECT id FROM studies WHERE study_instance_uid = ?1"
                             " AND number_of_instances > 0"));
        query.bind(study_uid);
        TRY(const bool found, query.next());
        if (!found) {
            return fail(ErrorCode::NotFound, "there is no study " + std::string(study_uid));
        }
        row = query.int64(0);
    }
    return load_study(snapshot, row);
}

Result<StoredSeries> Catalog::find_series(db::Snapshot& snapshot, std::string_view study_uid,
                                          std::string_view series_uid) const {
    std::int64_t row = 0;
    {
        TRY(db::Query query,
            snapshot.prepare("SELECT s.id FROM studies t JOIN series s ON s.study = t.id"
                             " JOIN image_sets m ON m.id = s.image_set"
                             " WHERE t.study_instance_uid = ?1 AND s.series_instance_uid = ?2"
                             " AND m.state = 0 AND m.latest_version > 0"));
        query.bind(study_uid, series_uid);
        TRY(const bool found, query.next());
        if (!found) {
            return fail(ErrorCode::NotFound, "there is no series " + std::string(series_uid) +
                                                 " in study " + std::string(study_uid));
        }
        row = query.int64(0);
    }
    return load_series(snapshot, row);
}

Result<StoredInstance> Catalog::find_instance(db::Snapshot& snapshot,
                                              std::string_view study_uid,
                                              std::string_view series_uid,
                                              std::string_view sop_instance_uid) const {
    static const std::string kSql = select_instance(
        " WHERE i.sop_instance_uid = ?1 AND s.series_instance_uid = ?2"
        " AND t.study_instance_uid = ?3 AND m.is_primary = 1 AND m.state = 0");
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(sop_instance_uid, series_uid, study_uid);
    TRY(const bool row, query.next());
    if (!row) {
        return fail(ErrorCode::NotFound, "there is no instance " +
                                             std::string(sop_instance_uid) + " in series " +
                                             std::string(series_uid));
    }
    return read_instance(query);
}

Result<StoredInstance> Catalog::find_instance(db::Snapshot& snapshot, InstanceRow row) const {
    static const std::string kSql = select_instance(" WHERE i.id = ?1");
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(number_of(row));
    TRY(const bool found, query.next());
    if (!found) return fail(ErrorCode::NotFound, "there is no such instance");
    return read_instance(query);
}

Result<StoredInstance> Catalog::find_instance(db::Snapshot& snapshot, ImageSetRow image_set,
                                              std::string_view sop_instance_uid) const {
    static const std::string kSql =
        select_instance(" WHERE i.sop_instance_uid = ?1 AND i.image_set = ?2 AND m.state <> 2");
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(sop_instance_uid, number_of(image_set));
    TRY(const bool row, query.next());
    if (!row) {
        return fail(
            ErrorCode::NotFound,
            "there is no instance " + std::string(sop_instance_uid) + " in the image set");
    }
    return read_instance(query);
}

Result<bool> Catalog::is_of_series(db::Snapshot& snapshot, const ImageSet& image_set,
                                   std::string_view study_uid,
                                   std::string_view series_uid) const {
    if (image_set.state == ImageSetState::Deleted) return false;
    TRY(db::Query query,
        snapshot.prepare("SELECT 1 FROM series s JOIN studies t ON t.id = s.study"
                         " WHERE s.id = ?1 AND s.series_instance_uid = ?2"
                         " AND t.study_instance_uid = ?3"));
    query.bind(number_of(image_set.series), series_uid, study_uid);
    return query.next();
}

Result<ImageSet> Catalog::find_image_set(db::Snapshot& snapshot, std::string_view id) const {
    static const std::string kSql = std::string(kSelectImageSet) + " WHERE m.image_set_id = ?1";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(id);
    TRY(const bool found, query.next());
    if (!found) return fail(ErrorCode::NotFound, "there is no image set " + std::string(id));
    return read_image_set(query);
}

Result<ImageSet> Catalog::find_image_set(db::Snapshot& snapshot, ImageSetRow row) const {
    static const std::string kSql = std::string(kSelectImageSet) + " WHERE m.id = ?1";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(number_of(row));
    TRY(const bool found, query.next());
    if (!found) return fail(ErrorCode::NotFound, "there is no such image set");
    return read_image_set(query);
}

Result<std::vector<StoredSeries>> Catalog::list_series(db::Snapshot& snapshot,
                                                       StudyRow study) const {
    std::vector<std::int64_t> rows;
    {
        TRY(db::Query query,
            snapshot.prepare("SELECT s.id FROM series s JOIN image_sets m ON m.id = s.image_set"
                             " WHERE s.study = ?1 AND m.state = 0 AND m.latest_version > 0"
                             " ORDER BY s.id"));
        query.bind(number_of(study));
        for (;;) {
            TRY(const bool found, query.next());
            if (!found) break;
            rows.push_back(query.int64(0));
        }
    }
    std::vector<StoredSeries> series;
    series.reserve(rows.size());
    for (const std::int64_t row : rows) {
        TRY(StoredSeries one, load_series(snapshot, row));
        series.push_back(std::move(one));
    }
    return series;
}

Result<ImageSetRow> Catalog::first_image_set(db::Snapshot& snapshot, StudyRow study) const {
    TRY(db::Query query,
        snapshot.prepare("SELECT m.id FROM series s JOIN image_sets m ON m.id = s.image_set"
                         " WHERE s.study = ?1 AND m.state = 0 AND m.latest_version > 0"
                         " ORDER BY s.id LIMIT 1"));
    query.bind(number_of(study));
    TRY(const bool found, query.next());
    if (!found) return fail(ErrorCode::NotFound, "the study has no image set");
    return ImageSetRow{query.int64(0)};
}

Result<ImageSetRow> Catalog::first_image_set(db::Snapshot& snapshot, PatientRow patient) const {
    TRY(db::Query query,
        snapshot.prepare("SELECT m.id FROM studies t JOIN series s ON s.study = t.id"
                         " JOIN image_sets m ON m.id = s.image_set"
                         " WHERE t.patient = ?1 AND m.state = 0 AND m.latest_version > 0"
                         " ORDER BY t.id, s.id LIMIT 1"));
    query.bind(number_of(patient));
    TRY(const bool found, query.next());
    if (!found) return fail(ErrorCode::NotFound, "the patient has no image set");
    return ImageSetRow{query.int64(0)};
}

namespace {

Result<std::vector<ImageSet>> read_image_sets(db::Query& query) {
    std::vector<ImageSet> sets;
    for (;;) {
        TRY(const bool found, query.next());
        if (!found) return sets;
        sets.push_back(read_image_set(query));
    }
}

}  // namespace

Result<std::vector<ImageSet>> Catalog::list_image_sets(db::Snapshot& snapshot,
                                                       SeriesRow series) const {
    static const std::string kSql =
        std::string(kSelectImageSet) + " WHERE m.series = ?1 ORDER BY m.is_primary DESC, m.id";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(number_of(series));
    return read_image_sets(query);
}

Result<std::vector<ImageSet>> Catalog::list_image_sets(db::Snapshot& snapshot,
                                                       ImageSetRow after,
                                                       std::size_t limit) const {
    static const std::string kSql =
        std::string(kSelectImageSet) +
        " WHERE m.id > ?1 AND m.latest_version > 0 ORDER BY m.id LIMIT ?2";
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(number_of(after), limit);
    return read_image_sets(query);
}

Result<std::vector<ImageSetVersion>> Catalog::list_versions(db::Snapshot& snapshot,
                                                            ImageSetRow image_set) const {
    TRY(db::Query query,
        snapshot.prepare("SELECT version, created, cause, number_of_instances, forced"
                         " FROM image_set_versions WHERE image_set = ?1 ORDER BY version"));
    query.bind(number_of(image_set));
    return read_versions(query);
}

Result<std::vector<ImageSetVersion>> Catalog::list_versions(db::Snapshot& snapshot,
                                                            ImageSetRow image_set,
                                                            std::int64_t before,
                                                            std::size_t limit) const {
    TRY(db::Query query,
        snapshot.prepare("SELECT version, created, cause, number_of_instances, forced"
                         " FROM image_set_versions WHERE image_set = ?1 AND version < ?2"
                         " ORDER BY version DESC LIMIT ?3"));
    query.bind(number_of(image_set), before, limit);
    return read_versions(query);
}

Result<std::vector<StoredInstance>> Catalog::list_instances(db::Snapshot& snapshot,
                                                            ImageSetRow image_set,
                                                            InstanceRow after,
                                                            std::size_t limit) const {
    static const std::string kSql =
        select_instance(" WHERE i.image_set = ?1 AND i.id > ?2 ORDER BY i.id LIMIT ?3");
    TRY(db::Query query, snapshot.prepare(kSql));
    query.bind(number_of(image_set), number_of(after), limit);
    return read_instances(query);
}

Result<std::vector<Catalog::Pending>> Catalog::list_pending(db::Snapshot& snapshot,
                                                            const Pending& after,
                                                            std::size_t limit) const {
    TRY(db::Query query, snapshot.prepare("SELECT image_set, id FROM instances"
                                          " WHERE preprocess = 0 AND (image_set, id) > (?1, ?2)"
                                          " ORDER BY image_set, id LIMIT ?3"));
    query.bind(number_of(after.image_set), number_of(after.instance), limit);
    std::vector<Pending> pending;
    for (;;) {
        TRY(const bool row, query.next());
        if (!row) return pending;
        pending.push_back({ImageSetRow{query.int64(0)}, InstanceRow{query.int64(1)}});
    }
}

Result<bool> Catalog::has_pending(db::Transaction& tx, ImageSetRow image_set) const {
    {
        TRY(db::Query query, tx.prepare(db::for_update(
                                 tx.dialect(), "SELECT id FROM image_sets WHERE id = ?1")));
        query.bind(number_of(image_set));
        TRY_VOID(query.next());
    }
    TRY(db::Query query, tx.prepare("SELECT 1 FROM instances WHERE preprocess = 0"
                                    " AND image_set = ?1 LIMIT 1"));
    query.bind(number_of(image_set));
    return query.next();
}

Result<Catalog::Totals> Catalog::totals(db::Snapshot& snapshot) const {
    // From counters and short indexes: never a count over all instances.
    TRY(db::Query query,
        snapshot.prepare(
            "SELECT (SELECT count(*) FROM patients),"
            " (SELECT count(*) FROM studies WHERE number_of_instances > 0),"
            " (SELECT coalesce(sum(number_of_series), 0) FROM studies),"
            " (SELECT coalesce(sum(number_of_instances), 0) FROM studies),"
            " (SELECT count(*) FROM instances WHERE preprocess = 0),"
            " (SELECT count(*) FROM instances WHERE preprocess = 2),"
            " (SELECT count(*) FROM image_sets WHERE is_primary = 0 AND state <> 2)"));
    TRY_VOID(query.next());
    return Totals{.patients = query.int64(0),
                  .studies = query.int64(1),
                  .series = query.int64(2),
                  .instances = query.int64(3),
                  .pending = query.int64(4),
                  .failed = query.int64(5),
                  .non_primary_image_sets = query.int64(6)};
}

}  // namespace larmor::catalog
