#pragma once
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "catalog/copy.h"
#include "catalog/deletion.h"
#include "catalog/edit.h"
#include "catalog/image_set_query.h"
#include "catalog/query.h"
#include "catalog/records.h"
#include "db/database.h"
#include "db/migration.h"
#include "events/event_log.h"

namespace larmor::catalog {

/// The tables of the catalog. Needs those of objects and events.
db::MigrationSet migrations();

/// Where an instance goes.
enum class Placement : std::uint8_t {
    Primary,     ///< into the primary image set of its series
    NonPrimary,  ///< a conflict: into a non-primary image set of its series, with its own event
};

/// Of an image set or the datastore.
using Tags = std::map<std::string, std::string, std::less<>>;
inline constexpr std::size_t kTagsMax = 50;

struct InsertOutcome {
    enum class Kind : std::uint8_t {
        Stored,  ///< `row` and `image_set` say where
        /// The SOP Instance UID is there already, in whichever study and series; nothing was
        /// written. `existing` has every instance with that UID, primary ones first.
        Exists,
        /// The study is there under another patient (Patient ID and issuer); nothing was
        /// written.
        StudyOfAnotherPatient,
    };
    Kind kind = Kind::Stored;
    InstanceRow row{};
    ImageSetRow image_set{};
    std::vector<StoredInstance> existing;
};

struct CatalogOptions {
    const Clock* clock = &system_clock();
    events::Source source{};
    std::size_t cached_series_max = 4096;  ///< series whose rows are kept in memory
    /// Instances and alternates that a data set may already be before more are refused: a UID
    /// that is sent again and again with other content fills no table without bound.
    std::size_t conflicts_max = 100;
    /// Called once a group that stored instances, before its commit and in its transaction,
    /// with the new ones: for messages to those who go on with them. An error fails the group.
    std::function<Result<void>(db::Transaction&, std::span<const InstanceRow>)>
        before_commit_of{};
};

/// Patients, studies, series, instances and image sets, and the only SQL on them. Reads see
/// primary ACTIVE image sets unless they say otherwise.
///
/// Every group of writes that changed an image set makes exactly one new version of it, one
/// event that says so (`Image Set Created` for version 1, `Image Set Copied` where instances
/// were copied into it, `Image Set Deleted` where nothing of it is shown any more, else `Image
/// Set Updated`; before it, but not where instances arrived, `Image Set Copying`, `Deleting` or
/// `Updating`), and brings the counters of its series and study up to date: all in the group's
/// own transaction, before its commit.
///
/// Functions that take a Transaction run on the writer's thread; those that take a Snapshot
/// anywhere. Must outlive the last write that changes it, and be made before the first.
class Catalog {
public:
    /// Adds itself to the database's before_commit. Makes the default datastore where missing
    /// (a write: blocks). `database` and `log` must outlive the catalog's use.
    static Result<std::unique_ptr<Catalog>> open(db::Database& database, events::EventLog& log,
                                                 CatalogOptions options = {});
    ~Catalog();

    /// 32 characters; the one datastore of this library.
    const std::string& datastore_id() const;
    Result<Time> datastore_created(db::Snapshot& snapshot) const;

    // --- writing -----------------------------------------------------------------------------

    /// Adds an instance whose bytes were recorded in the same transaction. Patient, study and
    /// series rows are made as needed; what an earlier instance said about them stays.
    /// With Placement::NonPrimary it always stores: the caller has decided that it is a
    /// conflict. Errors: InvalidInput (a UID that is_uid_key_part refuses, names which),
    /// LimitExceeded (`conflicts_max`).
    Result<InsertOutcome> insert_instance(db::Transaction& tx, const InstanceRecord& record,
                                          Placement placement = Placement::Primary);

    /// Every instance with this SOP Instance UID, whatever its study, series and image set.
    Result<std::vector<StoredInstance>> find_by_sop_instance_uid(
        db::Snapshot& snapshot, std::string_view sop_instance_uid) const;

    /// Adds another encoding of an instance. Makes no version: what readers get is unchanged.
    /// Errors: NotFound; LimitExceeded (`conflicts_max`).
    Result<void> insert_alternate(db::Transaction& tx, InstanceRow instance,
                                  const StoredFile& file);
    Result<std::vector<Alternate>> alternates(db::Snapshot& snapshot,
                                              InstanceRow instance) const;

    /// What preprocess made; the instance is no longer pending. The first write wins.
    /// False when it was Done already, and when it is gone: the caller then lets go of its own
    /// objects. `reason` says why there is no picture, where there is none.
    Result<bool> record_prepared(db::Transaction& tx, InstanceRow instance,
                                 const PreparedInstance& prepared,
                                 std::string_view reason = {});
    /// Preprocess can't: the instance is kept, with the reason.
    Result<void> record_preprocess_failure(db::Transaction& tx, InstanceRow instance,
                                           std::string_view reason);

    /// The object that image frames were made into (preprocess/image_frames.h), of the object
    /// of a stored file. The first write wins: false where there is one, and where the file is
    /// gone; the caller then removes its own.
    Result<bool> record_image_frames(db::Transaction& tx, objects::ObjectId file,
                                     objects::ObjectId frames);
    /// Nothing where none were made yet.
    Result<std::optional<objects::ObjectId>> find_image_frames(db::Snapshot& snapshot,
                                                               objects::ObjectId file) const;

    struct Recorded {
        bool accepted = false;         ///< false: one of this version or later was there
        objects::ObjectId replaced{};  ///< of an older version: the caller may remove it
    };
    /// The merged metadata of a series, made from `version` of its image set.
    Result<Recorded> record_series_metadata(db::Transaction& tx, ImageSetRow image_set,
                                            std::int64_t version, objects::ObjectId metadata);
    Result<Recorded> record_series_thumbnail(db::Transaction& tx, ImageSetRow image_set,
                                             std::int64_t version, objects::ObjectId thumbnail);

    // --- editing -----------------------------------------------------------------------------

    /// Changes metadata of an image set: a new version over instances that stay as they are,
    /// its event, and what searches find, at the same cost whatever number of instances it has.
    /// Gives what was edited, the named image set first.
    /// Errors: NotFound (also what was deleted; an instance that is not in it), InvalidInput
    /// (edits::check_rules, another series, a version that there is not), Conflict (another
    /// latest version; LOCKED; attributes of patient or study where other primary image sets of
    /// the study would keep theirs), LimitExceeded.
    Result<std::vector<PlacedImageSet>> edit_image_set(db::Transaction& tx, std::string_view id,
                                                       const EditRequest& request);
    /// Changes attributes of patient and study in all primary image sets of a study. Errors: as
    /// above; InvalidInput for attributes of series and instances.
    Result<std::vector<PlacedImageSet>> edit_study(db::Transaction& tx,
                                                   std::string_view study_uid,
                                                   const EditRequest& request);
    /// The same in all studies of a patient. Errors: as above; Conflict where several issuers
    /// have the Patient ID and none is named.
    Result<std::vector<PlacedImageSet>> edit_patient(
        db::Transaction& tx, std::string_view patient_id,
        const std::optional<std::string>& issuer_of_patient_id, const EditRequest& request);
    /// What was edited up to a version of an image set, for its instances from row `first` to
    /// `last`. Needed only where ImageSet::edited_version is not 0.
    Result<ImageSetEdits> find_edits(db::Snapshot& snapshot, ImageSetRow image_set,
                                     std::int64_t version, InstanceRow first,
                                     InstanceRow last) const;

    /// Copies instances of an image set, with what was edited in them, into a new one or into
    /// another of the series. Rows are copied, stored objects are shared: nothing is removed
    /// for good as long as one of its owners is there.
    /// Errors: NotFound (also what was deleted; an instance that is not in it), InvalidInput
    /// (a destination of another series, or the source itself; promoting what is primary),
    /// Conflict (another latest version; LOCKED; an instance that the destination, or another
    /// primary image set, has already; without force: patient, study or series that differ, and
    /// a primary image set that is there), LimitExceeded.
    Result<CopyOutcome> copy_image_set(db::Transaction& tx, const CopyRequest& request);

    // --- deleting ----------------------------------------------------------------------------

    /// Takes a study, series or instance out of everything that readers see, conflicts with it
    /// included; rows and objects stay until `expires`. Its UIDs are free: stored again, it is
    /// stored anew. Errors: NotFound (also what was deleted before).
    Result<Deletion> delete_resource(db::Transaction& tx, const DeleteRequest& request);
    /// One image set: a primary one with its series and what is in conflict with it, another by
    /// itself. Errors: NotFound.
    Result<Deletion> delete_image_set(db::Transaction& tx, std::string_view id,
                                      std::string_view deleted_by, Time expires);
    /// Makes what was deleted as it was. An instance whose UID was stored again since stays
    /// deleted, the others are put beside it. Errors: NotFound; Conflict where all were stored
    /// again, where the study is another patient's now, and where the purge has begun.
    Result<Recovery> recover(db::Transaction& tx, std::string_view deletion_id,
                             const RemoveObject& remove);
    /// From here on it can't be recovered. Errors: NotFound.
    Result<void> begin_purge(db::Transaction& tx, std::string_view deletion_id);
    struct Purged {
        std::int64_t instances = 0;
        bool done = false;  ///< nothing of the deletion is left
    };
    /// Removes about `limit` instances of a deletion with their objects, and what they were
    /// the last of. Call it until it is done; it goes on where another process was killed.
    Result<Purged> purge_some(db::Transaction& tx, DeletionRow deletion, std::size_t limit,
                              const RemoveObject& remove);
    /// Latest first.
    Result<std::vector<Deletion>> list_deletions(db::Snapshot& snapshot, std::size_t offset,
                                                 std::size_t limit) const;
    /// Errors: NotFound.
    Result<Deletion> find_deletion(db::Snapshot& snapshot, std::string_view id) const;
    /// Those whose time is up and those whose purge has begun, at most `limit`.
    Result<std::vector<Deletion>> list_expired(db::Snapshot& snapshot, Time now,
                                               std::size_t limit) const;

    // --- tags --------------------------------------------------------------------------------

    // Words that users put to an image set or, with an empty id, to the datastore. They make no
    // version; an image set's change is an event, `Tag Change on Resource`. Errors: NotFound,
    // also of what was deleted.
    Result<Tags> list_tags(db::Snapshot& snapshot, std::string_view image_set_id) const;
    /// Adds or replaces. Errors: LimitExceeded over kTagsMax in all.
    Result<void> put_tags(db::Transaction& tx, std::string_view image_set_id, const Tags& tags);
    /// Those that are not there are left out.
    Result<void> remove_tags(db::Transaction& tx, std::string_view image_set_id,
                             const std::vector<std::string>& keys);

    // --- reading -----------------------------------------------------------------------------

    /// Stable orders: studies by date and time, latest first; series and instances by row,
    /// which is the order in which they came.
    Result<Page<StoredStudy>> search_studies(db::Snapshot& snapshot,
                                             const SearchQuery& query) const;
    Result<Page<SeriesHit>> search_series(db::Snapshot& snapshot,
                                          const SearchQuery& query) const;
    Result<Page<InstanceHit>> search_instances(db::Snapshot& snapshot,
                                               const SearchQuery& query) const;

    /// Calls `take` with each of a page of image sets, in its order: those that are not
    /// DELETED, primary or not, each with its study and series. The hit is gone after the call.
    /// True when there are more behind the page.
    Result<bool> search_image_sets(db::Snapshot& snapshot, const ImageSetQuery& query,
                                   const std::function<void(const ImageSetHit&)>& take) const;

    /// Errors of all: NotFound, with the UID.
    Result<StoredStudy> find_study(db::Snapshot& snapshot, std::string_view study_uid) const;
    Result<StoredSeries> find_series(db::Snapshot& snapshot, std::string_view study_uid,
                                     std::string_view series_uid) const;
    Result<StoredInstance> find_instance(db::Snapshot& snapshot, std::string_view study_uid,
                                         std::string_view series_uid,
                                         std::string_view sop_instance_uid) const;
    Result<StoredInstance> find_instance(db::Snapshot& snapshot, InstanceRow row) const;
    /// Of an image set that is not DELETED, primary or not.
    Result<StoredInstance> find_instance(db::Snapshot& snapshot, ImageSetRow image_set,
                                         std::string_view sop_instance_uid) const;
    /// The instance of such an image set whose bytes are this object.
    Result<StoredInstance> find_instance_of_file(db::Snapshot& snapshot, ImageSetRow image_set,
                                                 objects::ObjectId file) const;
    /// Whether an image set is of the series, and not DELETED.
    Result<bool> is_of_series(db::Snapshot& snapshot, const ImageSet& image_set,
                              std::string_view study_uid, std::string_view series_uid) const;
    Result<ImageSet> find_image_set(db::Snapshot& snapshot, std::string_view id) const;
    Result<ImageSet> find_image_set(db::Snapshot& snapshot, ImageSetRow row) const;
    /// One that is not DELETED.
    Result<PlacedImageSet> place_image_set(db::Snapshot& snapshot, std::string_view id) const;

    /// All series of a study that have a primary image set, by row.
    Result<std::vector<StoredSeries>> list_series(db::Snapshot& snapshot, StudyRow study) const;
    /// The primary image set of the first series that has one. Errors: NotFound.
    Result<ImageSetRow> first_image_set(db::Snapshot& snapshot, StudyRow study) const;
    /// That of the patient's first study that has one. Errors: NotFound.
    Result<ImageSetRow> first_image_set(db::Snapshot& snapshot, PatientRow patient) const;
    /// UIDs of studies with an image set that is not DELETED, primary or not: at most `limit`
    /// behind `after`, rising by bytes.
    Result<std::vector<std::string>> list_study_uids(db::Snapshot& snapshot,
                                                     std::string_view after,
                                                     std::size_t limit) const;
    /// All image sets of a study that are not DELETED, non-primary ones too, by row.
    Result<std::vector<ImageSet>> list_image_sets(db::Snapshot& snapshot,
                                                  std::string_view study_uid) const;
    /// All image sets of a series, non-primary ones too.
    Result<std::vector<ImageSet>> list_image_sets(db::Snapshot& snapshot,
                                                  SeriesRow series) const;
    /// All image sets of the library by row, behind one, at most `limit`: deleted ones too.
    Result<std::vector<ImageSet>> list_image_sets(db::Snapshot& snapshot, ImageSetRow after,
                                                  std::size_t limit) const;
    Result<std::vector<ImageSetVersion>> list_versions(db::Snapshot& snapshot,
                                                       ImageSetRow image_set) const;
    /// The latest `limit` of those below `before`, latest first.
    Result<std::vector<ImageSetVersion>> list_versions(db::Snapshot& snapshot,
                                                       ImageSetRow image_set,
                                                       std::int64_t before,
                                                       std::size_t limit) const;
    /// Instances of an image set in the order in which they came, after a row, at most `limit`:
    /// page by the last row, so that no snapshot is held long.
    Result<std::vector<StoredInstance>> list_instances(db::Snapshot& snapshot,
                                                       ImageSetRow image_set, InstanceRow after,
                                                       std::size_t limit) const;
    /// At most `limit` of those that preprocess has not done, deleted ones included, behind the
    /// last one of the page before; by image set.
    struct Pending {
        ImageSetRow image_set{};
        InstanceRow instance{};
    };
    Result<std::vector<Pending>> list_pending(db::Snapshot& snapshot, const Pending& after,
                                              std::size_t limit) const;
    /// Whether preprocess has still to do something of the image set. Of two transactions that
    /// ask about one image set, the second waits for the end of the first.
    Result<bool> has_pending(db::Transaction& tx, ImageSetRow image_set) const;

    struct Totals {
        std::int64_t patients = 0;
        std::int64_t studies = 0;
        std::int64_t series = 0;
        std::int64_t instances = 0;
        std::int64_t pending = 0;
        std::int64_t failed = 0;
        std::int64_t non_primary_image_sets = 0;
    };
    Result<Totals> totals(db::Snapshot& snapshot) const;

    struct Impl;

private:
    explicit Catalog(std::shared_ptr<Impl> impl);
    std::shared_ptr<Impl> impl_;  ///< shared with the database, which may write once more
};

}  // namespace larmor::catalog
