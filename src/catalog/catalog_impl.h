#pragma once
#include <string>

#include "catalog/catalog.h"
#include "catalog/deletions.h"
#include "catalog/group_changes.h"
#include "catalog/row_numbers.h"
#include "catalog/series_cache.h"

namespace larmor::catalog {

/// What the writer's thread keeps in memory: where other processes write too, for one group.
struct Catalog::Impl {
    Impl(events::EventLog& event_log, const CatalogOptions& given)
        : log(event_log),
          options(given),
          series(given.cached_series_max),
          changes(event_log, given.source, *given.clock, given.before_commit_of) {}

    std::int64_t now_us() const { return options.clock->now().time_since_epoch().count(); }

    /// Where other processes write too, keeps them from this study (its series, image sets and
    /// deletions with it), from other instances with this SOP Instance UID, or from making this
    /// patient, until the end of the transaction. To be taken before anything of it is read, in
    /// this order. Costs no round trip.
    enum class Lock : std::int64_t { Study = 1, Instance = 2, Patient = 3 };
    static Result<void> lock(db::Transaction& tx, Lock what, std::string_view uid);
    static Result<void> lock_study_of(db::Transaction& tx, DeletionRow deletion);
    /// The deletion, with the lock on its study.
    Result<Deletion> locked_deletion(const Catalog& catalog, db::Transaction& tx,
                                     std::string_view deletion_id);

    /// The study of a record, or nothing when it is not there.
    struct StudyFound {
        std::int64_t row = 0;
        std::string patient_id;
        std::string issuer_of_patient_id;
    };
    Result<std::optional<StudyFound>> find_study(db::Transaction& tx, std::string_view uid);
    Result<std::int64_t> patient_of(db::Transaction& tx, const InstanceRecord& record);
    Result<StudyFound> insert_study(db::Transaction& tx, const InstanceRecord& record);
    Result<std::int64_t> insert_series(db::Transaction& tx, std::int64_t study,
                                       const SeriesAttributes& series);
    static Result<void> insert_requests(db::Transaction& tx, std::int64_t series,
                                        const std::vector<RequestAttributes>& requests);
    /// Reads or makes study and series. Nothing where the study is of another patient and
    /// `placement` is Primary.
    Result<std::shared_ptr<SeriesEntry>> series_of(db::Transaction& tx,
                                                   const InstanceRecord& record,
                                                   Placement placement);
    Result<ImageSetTarget> primary_target(db::Transaction& tx,
                                          const std::shared_ptr<SeriesEntry>& entry,
                                          const std::string& cache_key);
    /// A non-primary set of the series that does not have the UID yet, or a new one.
    Result<ImageSetTarget> conflict_target(db::Transaction& tx, const SeriesEntry& entry,
                                           std::string_view sop_instance_uid);
    Result<ImageSetTarget> insert_image_set(db::Transaction& tx, std::int64_t study,
                                            std::int64_t series, bool is_primary);
    /// The series is no longer as it is remembered, whether the request is rolled back or not.
    void forget_series(db::Transaction& tx, std::string_view study_uid,
                       std::string_view series_uid);

    /// Makes DELETED what is `affected`, with one deletion.
    Result<Deletion> delete_affected(db::Transaction& tx, const DeleteRequest& request,
                                     const StudyToDelete& study,
                                     const std::vector<Affected>& affected);
    /// A DELETED image set of the series of `from`, for that many of its instances.
    Result<ImageSetTarget> set_apart(db::Transaction& tx, DeletionRow deletion,
                                     const ImageSetTarget& from, const DeletedImageSet& as,
                                     std::int64_t instances);
    class Return;

    events::EventLog& log;
    CatalogOptions options;
    std::string datastore_id;
    SeriesCache series;
    GroupChanges changes;
    RowNumbers numbers;
};

}  // namespace larmor::catalog
