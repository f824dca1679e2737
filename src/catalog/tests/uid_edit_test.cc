// UIDs that are edited by force: rows are where the latest version says.
#include "catalog/check.h"
#include "catalog/read_rows.h"
#include "catalog/tests/catalog_library.h"
#include "edits/apply_json.h"

namespace larmor::catalog {
namespace {

using testing::CatalogTest;
using testing::must;

class UidEdits : public CatalogTest {
protected:
    /// A primary image set, and one that is in conflict with it, of another patient.
    void SetUp() override {
        CatalogTest::SetUp();
        if (IsSkipped()) return;
        insert(record());
        auto other = record();
        other.patient.patient_id = "P2";
        other.series.series_description = "thick";
        other.file.object = objects::ObjectId{78};
        conflict_ = insert(other, Placement::NonPrimary).image_set;
        id_ = set().id;
    }
    ImageSet set() {
        return read([&](db::Snapshot& s) { return catalog_->find_image_set(s, conflict_); });
    }
    PlacedImageSet placed() {
        return read([&](db::Snapshot& s) { return catalog_->place_image_set(s, id_); });
    }
    StoredInstance instance(std::string_view uid) {
        return read(
            [&](db::Snapshot& s) { return catalog_->find_instance(s, conflict_, uid); });
    }
    Result<PlacedImageSet> try_edit(const std::string& id, const EditRequest& request) {
        TRY(auto edited, database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->edit_image_set(tx, id, request);
        }));
        return edited.front();
    }
    Result<PlacedImageSet> try_set(std::string_view json, const std::string& id) {
        EditRequest request{.force = edits::Force::Yes};
        must(edits::read_updatable(json, request.document));
        return try_edit(id, request);
    }
    PlacedImageSet set_uids(std::string_view json) { return must(try_set(json, id_)); }
    /// The UIDs that a reader of that version sees, over those that were stored.
    std::string seen(const std::string& instance_uid, std::int64_t version) {
        return read([&](db::Snapshot& s) -> Result<std::string> {
            TRY(const auto found, catalog_->find_instance(s, conflict_, instance_uid));
            TRY(const auto edits,
                catalog_->find_edits(s, conflict_, version, found.row, found.row));
            return edits::apply_to_json("{}", edits.of(found.row),
                                        edits::OriginalAttributes::Leave);
        });
    }
    CopyOutcome promote() {
        const CopyRequest request{
            .source = id_, .promote = CopyRequest::Promote::Yes, .force = edits::Force::Yes};
        return must(database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->copy_image_set(tx, request); }));
    }
    /// By its UID, everywhere in the series.
    Deletion delete_instance(std::string_view uid) {
        const DeleteRequest request{.study_instance_uid = "1.2",
                                    .series_instance_uid = "1.2.1",
                                    .sop_instance_uid = std::string(uid),
                                    .deleted_by = {},
                                    .expires = clock_.now()};
        return must(database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->delete_resource(tx, request); }));
    }
    /// Gives the objects that went with it.
    std::vector<objects::ObjectId> purge(const Deletion& deletion) {
        std::vector<objects::ObjectId> removed;
        const auto purged = must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->purge_some(tx, deletion.row, 100,
                                        [&](objects::ObjectId object) -> Result<void> {
                                            removed.push_back(object);
                                            return {};
                                        });
        }));
        EXPECT_TRUE(purged.done);
        return removed;
    }
    void expect_sound() {
        class Findings final : public db::CheckObserver {
        public:
            void found(const db::Finding& finding) override {
                ADD_FAILURE() << finding.where << ": " << finding.what;
            }
            void progress(std::uint64_t /*checked*/, std::uint64_t /*total*/) override {}
        } findings;
        db::Check check(*database_, findings);
        must(check_rows(check));
    }

    ImageSetRow conflict_{};
    std::string id_;
};

constexpr std::string_view kAll = R"({"Study":{"DICOM":{"StudyInstanceUID":"5.1"},
    "Series":{"1.2.1":{"DICOM":{"SeriesInstanceUID":"5.1.1"},
    "Instances":{"1.2.1.1":{"DICOM":{"SOPInstanceUID":"5.1.1.1"}}}}}}})";

TEST_P(UidEdits, AnImageSetIsFoundByItsNewUidsAndGoesBackToTheOldOnes) {
    const auto edited = set_uids(kAll);
    EXPECT_EQ(edited.study_instance_uid, "5.1");
    EXPECT_EQ(edited.series_instance_uid, "5.1.1");
    EXPECT_EQ(edited.image_set.latest_version, 2);
    EXPECT_EQ(placed().study_instance_uid, "5.1");
    EXPECT_EQ(placed().series_instance_uid, "5.1.1");
    const auto moved = instance("5.1.1.1");
    EXPECT_EQ(moved.study_instance_uid, "5.1");
    EXPECT_EQ(moved.series_instance_uid, "5.1.1");
    const auto in_series =
        read([&](db::Snapshot& s) { return load_series_of(s, number_of(conflict_)); });
    EXPECT_EQ(in_series.image_set.id, id_);
    EXPECT_EQ(in_series.series.series_description, "thick") << "as the file itself says";
    EXPECT_NE(seen("5.1.1.1", 2).find("5.1.1.1"), std::string::npos);
    EXPECT_EQ(seen("5.1.1.1", 1), "{}");
    // What is primary is where it was, and nothing else is shown.
    EXPECT_EQ(study().number_of_study_related_instances, 1);
    EXPECT_FALSE(
        database_->read([&](db::Snapshot& s) { return catalog_->find_study(s, "5.1"); }));
    expect_sound();

    must(try_edit(id_, {.revert_to = 1}));
    EXPECT_EQ(placed().study_instance_uid, "1.2");
    EXPECT_EQ(instance("1.2.1.1").series_instance_uid, "1.2.1");
    EXPECT_EQ(seen("1.2.1.1", 3), "{}");
    must(try_edit(id_, {.revert_to = 2}));
    EXPECT_EQ(instance("5.1.1.1").study_instance_uid, "5.1");
    expect_sound();
}

TEST_P(UidEdits, EventsSayThatTheImageSetWasUpdated) {
    const auto before = all_events().size();
    set_uids(kAll);
    const auto events = all_events();
    ASSERT_EQ(events.size(), before + 2);
    EXPECT_EQ(events[before].detail_type, "Image Set Updating");
    EXPECT_EQ(events[before + 1].detail_type, "Image Set Updated");
    EXPECT_EQ(events[before + 1].subject_id, id_);
    EXPECT_EQ(events[before + 1].detail.find("5.1"), std::string::npos);
}

TEST_P(UidEdits, OfAPrimaryImageSetAreRefusedByForceToo) {
    const auto refused = try_set(kAll, series().image_set.id);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(series().image_set.latest_version, 1);
    EditRequest of_study{.force = edits::Force::Yes};
    must(edits::read_updatable(R"({"Study":{"DICOM":{"StudyInstanceUID":"5.1"}}})",
                               of_study.document));
    const auto whole = database_->write_and_wait(
        [&](db::Transaction& tx) { return catalog_->edit_study(tx, "1.2", of_study); });
    ASSERT_FALSE(whole);
    EXPECT_EQ(whole.error().code, ErrorCode::InvalidInput);
}

TEST_P(UidEdits, ANewPlaceIsAPrimaryImageSetOnceItIsPromoted) {
    set_uids(kAll);
    const auto promoted = promote();
    EXPECT_FALSE(promoted.demoted) << "nothing is in its way any more";
    EXPECT_TRUE(promoted.destination.image_set.is_primary);
    EXPECT_EQ(study("5.1").patient.patient_id, "P2");
    EXPECT_EQ(study("5.1").number_of_study_related_instances, 1);
    EXPECT_EQ(series("5.1.1", "5.1").series.series_description, "thick");
    const auto shown = read(
        [&](db::Snapshot& s) { return catalog_->find_instance(s, "5.1", "5.1.1", "5.1.1.1"); });
    EXPECT_EQ(shown.file.object, objects::ObjectId{78});
    // What it was made of can be edited further, it itself not: everybody finds it.
    const auto refused = try_set(R"({"Study":{"DICOM":{"StudyInstanceUID":"6.1"}}})",
                                 promoted.destination.image_set.id);
    EXPECT_FALSE(refused);
    set_uids(R"({"Study":{"DICOM":{"StudyInstanceUID":"6.1"}}})");
    EXPECT_EQ(instance("5.1.1.1").study_instance_uid, "6.1");
    EXPECT_EQ(study("5.1").number_of_study_related_instances, 1);
    expect_sound();
}

TEST_P(UidEdits, IntoAStudyThatIsThereTakeNothingFromIt) {
    insert(record("7.1", "7.1.1", "7.1.1.1"));
    set_uids(R"({"Study":{"DICOM":{"StudyInstanceUID":"7.1"},
        "Series":{"1.2.1":{"DICOM":{"SeriesInstanceUID":"7.1.1"}}}}})");
    EXPECT_EQ(study("7.1").patient.patient_id, "P1");
    EXPECT_EQ(study("7.1").number_of_study_related_instances, 1);
    EXPECT_EQ(instance("1.2.1.1").series_instance_uid, "7.1.1");
    // What arrives in conflict there does not come into it.
    const auto outcome = insert(record("7.1", "7.1.1", "7.1.1.1"), Placement::NonPrimary);
    EXPECT_NE(outcome.image_set, conflict_);
    expect_sound();
}

TEST_P(UidEdits, TwoInstancesOfAnImageSetNeverHaveOneUid) {
    auto second = record("1.2", "1.2.1", "1.2.1.2");
    second.file.object = objects::ObjectId{79};
    ASSERT_EQ(insert(second, Placement::NonPrimary).image_set, conflict_);
    const auto same = try_set(R"({"Study":{"Series":{"1.2.1":{"Instances":{
        "1.2.1.1":{"DICOM":{"SOPInstanceUID":"1.2.1.2"}}}}}}})",
                              id_);
    ASSERT_FALSE(same);
    EXPECT_EQ(same.error().code, ErrorCode::Conflict);
    EXPECT_EQ(set().latest_version, 2);
    // But they may be exchanged.
    set_uids(R"({"Study":{"Series":{"1.2.1":{"Instances":{
        "1.2.1.1":{"DICOM":{"SOPInstanceUID":"1.2.1.2"}},
        "1.2.1.2":{"DICOM":{"SOPInstanceUID":"1.2.1.1"}}}}}}})");
    EXPECT_EQ(instance("1.2.1.1").file.object, objects::ObjectId{79});
    EXPECT_EQ(instance("1.2.1.2").file.object, objects::ObjectId{78});
    expect_sound();
}

TEST_P(UidEdits, TheOldPlaceGoesWhenNothingIsLeftInIt) {
    set_uids(kAll);
    set_uids(R"({"Study":{"DICOM":{"StudyInstanceUID":"6.1"}}})");
    const auto rows = read([&](db::Snapshot& s) -> Result<std::int64_t> {
        TRY(db::Query query,
            s.prepare("SELECT count(*) FROM studies WHERE study_instance_uid = '5.1'"));
        TRY_VOID(query.next());
        return query.int64(0);
    });
    EXPECT_EQ(rows, 0);
    // And is made anew for what comes there.
    insert(record("5.1", "5.1.1", "5.1.1.9"));
    EXPECT_EQ(study("5.1").patient.patient_id, "P1");
    expect_sound();
}

TEST_P(UidEdits, WhatIsStoredAgainBesideThemOutlivesWhatWasDeleted) {
    // Only this one is left in the series: it keeps the UIDs of series and study.
    set_uids(R"({"Study":{"Series":{"1.2.1":{"Instances":{
        "1.2.1.1":{"DICOM":{"SOPInstanceUID":"9.9"}}}}}}})");
    const auto deletion = delete_instance("1.2.1.1");
    auto again = record();
    again.file.object = objects::ObjectId{79};
    const auto stored = insert(again);
    EXPECT_EQ(stored.kind, InsertOutcome::Kind::Stored);
    EXPECT_EQ(study().number_of_study_related_instances, 1);
    EXPECT_EQ(series().image_set.latest_version, 1) << "an image set of its own";
    expect_sound();

    EXPECT_EQ(purge(deletion), std::vector<objects::ObjectId>{objects::ObjectId{77}});
    const auto shown = read(
        [&](db::Snapshot& s) { return catalog_->find_instance(s, "1.2", "1.2.1", "1.2.1.1"); });
    EXPECT_EQ(shown.file.object, objects::ObjectId{79});
    EXPECT_EQ(study().number_of_study_related_instances, 1);
    expect_sound();
}

TEST_P(UidEdits, WhatIsDeletedComesBackBesideWhatWasStoredAgain) {
    auto second = record("1.2", "1.2.1", "1.2.1.2");
    second.file.object = objects::ObjectId{80};
    insert(second);
    set_uids(R"({"Study":{"Series":{"1.2.1":{"Instances":{
        "1.2.1.1":{"DICOM":{"SOPInstanceUID":"9.9"}}}}}}})");
    const auto deletion = delete_instance("1.2.1.1");
    const auto other = delete_instance("1.2.1.2");
    insert(record());
    const auto back = must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->recover(tx, other.id,
                                 [](objects::ObjectId) -> Result<void> { return {}; });
    }));
    EXPECT_EQ(back.recovered, 1);
    EXPECT_EQ(study().number_of_study_related_instances, 2);
    EXPECT_EQ(purge(deletion).size(), 1U);
    EXPECT_EQ(study().number_of_study_related_instances, 2);
    expect_sound();
}

TEST_P(UidEdits, TheOldPlaceIsFreeWhenAllThatIsLeftInItIsDeleted) {
    set_uids(R"({"Study":{"Series":{"1.2.1":{"Instances":{
        "1.2.1.1":{"DICOM":{"SOPInstanceUID":"9.9"}}}}}}})");
    const auto deletion = delete_instance("1.2.1.1");
    set_uids(R"({"Study":{"DICOM":{"StudyInstanceUID":"5.1"}}})");
    // Anew, so as whoever's: P1's study is deleted.
    auto again = record();
    again.patient.patient_id = "P3";
    again.file.object = objects::ObjectId{79};
    ASSERT_EQ(insert(again).kind, InsertOutcome::Kind::Stored);
    EXPECT_EQ(study().patient.patient_id, "P3");
    expect_sound();
    EXPECT_EQ(purge(deletion), std::vector<objects::ObjectId>{objects::ObjectId{77}});
    EXPECT_EQ(study().number_of_study_related_instances, 1);
    expect_sound();
}

TEST_P(UidEdits, GoingBackLeavesAnImageSetWhereOthersCameIntoIt) {
    auto native = record("7.1", "7.1.1", "7.1.1.1");
    native.file.object = objects::ObjectId{79};
    insert(native);
    set_uids(R"({"Patient":{"DICOM":{"PatientComments":"moved"}},
        "Study":{"DICOM":{"StudyInstanceUID":"7.1"},
        "Series":{"1.2.1":{"DICOM":{"SeriesInstanceUID":"7.1.1"}}}}})");
    const CopyRequest request{.source = series("7.1.1", "7.1").image_set.id,
                              .destination = CopyRequest::Destination{.id = id_},
                              .force = edits::Force::Yes};
    must(database_->write_and_wait(
        [&](db::Transaction& tx) { return catalog_->copy_image_set(tx, request); }));
    must(try_edit(id_, {.revert_to = 1}));
    // Files of the one that was copied name its study, and no change says otherwise.
    EXPECT_EQ(placed().study_instance_uid, "7.1");
    EXPECT_EQ(instance("7.1.1.1").series_instance_uid, "7.1.1");
    EXPECT_EQ(instance("1.2.1.1").series_instance_uid, "7.1.1");
    const auto first = seen("1.2.1.1", 4);
    EXPECT_NE(first.find(R"("0020000D":{"vr":"UI","Value":["7.1"]})"), std::string::npos)
        << first;
    EXPECT_EQ(first.find("moved"), std::string::npos) << "this goes back";
    expect_sound();
    // Back to when it was there.
    must(try_edit(id_, {.revert_to = 2}));
    EXPECT_EQ(placed().study_instance_uid, "7.1");
    EXPECT_NE(seen("1.2.1.1", 5).find("moved"), std::string::npos);
    expect_sound();
}

LARMOR_EACH_DRIVER(UidEdits);

}  // namespace
}  // namespace larmor::catalog
