#include <gmock/gmock.h>

#include "catalog/check.h"
#include "catalog/tests/catalog_library.h"
#include "edits/apply_json.h"

namespace larmor::catalog {
namespace {

using testing::CatalogTest;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::must;
using ::testing::UnorderedElementsAre;

class NoFindings final : public db::CheckObserver {
public:
    void found(const db::Finding& finding) override {
        ADD_FAILURE() << finding.where << ": " << finding.what;
    }
    void progress(std::uint64_t /*checked*/, std::uint64_t /*total*/) override {}
};

class Copies : public CatalogTest {
protected:
    void SetUp() override {
        CatalogTest::SetUp();
        if (IsSkipped()) return;
        insert(with_object("1.2.1.1", 101));
        insert(with_object("1.2.1.2", 102));
    }
    void TearDown() override {
        if (IsSkipped()) return;
        NoFindings findings;
        db::Check check(*database_, findings);
        must(check_rows(check));
    }
    static InstanceRecord with_object(std::string instance, std::int64_t object) {
        InstanceRecord made = record("1.2", "1.2.1", std::move(instance));
        made.file.object = objects::ObjectId{object};
        return made;
    }
    std::string primary() { return series().image_set.id; }
    Result<CopyOutcome> try_copy(const CopyRequest& request) {
        return database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->copy_image_set(tx, request); });
    }
    CopyOutcome copy(const CopyRequest& request) { return must(try_copy(request)); }
    void edit(std::string_view json, const std::string& id) {
        EditRequest request;
        must(edits::read_updatable(json, request.document));
        must(database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->edit_image_set(tx, id, request); }));
    }
    std::vector<StoredInstance> instances_of(const std::string& id) {
        return read([&](db::Snapshot& s) -> Result<std::vector<StoredInstance>> {
            TRY(const auto set, catalog_->find_image_set(s, id));
            return catalog_->list_instances(s, set.row, {}, 100);
        });
    }
    std::string metadata(const std::string& id, const std::string& uid,
                         std::int64_t version = 99) {
        return read([&](db::Snapshot& s) -> Result<std::string> {
            TRY(const auto set, catalog_->find_image_set(s, id));
            TRY(const auto found, catalog_->find_instance(s, set.row, uid));
            TRY(const auto edits,
                catalog_->find_edits(s, set.row, version, found.row, found.row));
            return edits::apply_to_json("{}", edits.of(found.row),
                                        edits::OriginalAttributes::Leave);
        });
    }
    Deletion remove(const std::string& id) {
        return must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->delete_image_set(tx, id, "me", clock_.now());
        }));
    }
    Recovery recover(const Deletion& deletion) {
        return must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->recover(tx, deletion.id,
                                     [](objects::ObjectId) -> Result<void> { return {}; });
        }));
    }
    /// The objects that are removed for good with a deletion.
    std::vector<std::int64_t> purge(const Deletion& deletion) {
        std::vector<std::int64_t> removed;
        must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->purge_some(tx, deletion.row, 100, [&](objects::ObjectId object) {
                removed.push_back(objects::to_int64(object));
                return Result<void>();
            });
        }));
        return removed;
    }
    std::vector<std::string> event_types() {
        std::vector<std::string> types;
        for (const auto& event : all_events()) types.push_back(event.detail_type);
        return types;
    }
};

constexpr std::string_view kNameAnon = R"({"Patient":{"DICOM":{"PatientName":"ANON^ANON"}}})";
constexpr std::string_view kNamedAnon =
    R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":"ANON^ANON"}]}})";
constexpr std::string_view kOther = R"({"Patient":{"DICOM":{"PatientID":"P9"}}})";

TEST_P(Copies, ShareTheirObjectsAndAreShownByNoSearch) {
    const auto copied = copy({.source = primary()});
    EXPECT_EQ(copied.copied, 2);
    EXPECT_EQ(copied.destination.number_of_instances, 2);
    const ImageSet& set = copied.destination.image_set;
    EXPECT_EQ(set.id.size(), 32U);
    EXPECT_EQ(set.latest_version, 1);
    EXPECT_EQ(set.workflow_status, "COPIED");
    EXPECT_FALSE(set.is_primary);
    const auto stored =
        read([&](db::Snapshot& s) { return catalog_->place_image_set(s, set.id); });
    EXPECT_EQ(stored.image_set.workflow_status, "COPIED");
    EXPECT_EQ(stored.number_of_instances, 2);
    const auto instances = instances_of(set.id);
    ASSERT_EQ(instances.size(), 2U);
    EXPECT_EQ(instances[0].file.object, objects::ObjectId{101});
    EXPECT_EQ(instances[0].attributes, instances_of(primary())[0].attributes);
    EXPECT_EQ(instances[0].file.sha256, instances_of(primary())[0].file.sha256);
    EXPECT_EQ(study().number_of_study_related_instances, 2);
    EXPECT_EQ(study().number_of_study_related_series, 1);
    EXPECT_EQ(series().image_set.latest_version, 2) << "the source is as it was";
}

TEST_P(Copies, AreToldOnceTheyGoOnAndOnceTheyAreDone) {
    const std::string source = primary();
    const auto copied = copy({.source = source});
    EXPECT_THAT(event_types(), ElementsAre("Image Set Created", "Image Set Updated",
                                           "Image Set Copying", "Image Set Copied"));
    const auto events = all_events();
    const std::string ids = R"("datastoreId":")" + catalog_->datastore_id() +
                            R"(","imagesetId":")" + copied.destination.image_set.id +
                            R"(","imageSetId":")" + copied.destination.image_set.id;
    const std::string head =
        R"({"imagingVersion":"1.0","isPrimary":false,"imageSetVersion":"1",)";
    EXPECT_EQ(events[2].detail,
              head + ids + R"(","imageSetState":"LOCKED","imageSetWorkflowStatus":"COPYING",)" +
                  R"("sourceImageSetArn":")" +
                  events::image_set_arn({}, catalog_->datastore_id(), source) + "\"}");
    EXPECT_EQ(events[3].detail,
              head + ids + R"(","imageSetState":"ACTIVE","imageSetWorkflowStatus":"COPIED"})");
}

TEST_P(Copies, HaveWhatWasEditedAndGoTheirOwnWayFromThere) {
    edit(kNameAnon, primary());
    edit(R"({"Study":{"Series":{"1.2.1":{"Instances":{"1.2.1.2":
         {"DICOM":{"ImageComments":"x"}}}}}}})",
         primary());
    const std::string id = copy({.source = primary()}).destination.image_set.id;
    EXPECT_EQ(metadata(id, "1.2.1.1"), kNamedAnon);
    EXPECT_THAT(metadata(id, "1.2.1.2"), HasSubstr(R"("LT","Value":["x"])"));
    edit(R"({"Patient":{"DICOM":{"PatientName":"Other"}}})", id);
    EXPECT_EQ(metadata(primary(), "1.2.1.1"), kNamedAnon);
    EXPECT_THAT(metadata(id, "1.2.1.1"), HasSubstr("Other"));
    EXPECT_EQ(metadata(id, "1.2.1.1", 1), kNamedAnon) << "every version can be read";
    EXPECT_EQ(study().patient.patient_name, "ANON^ANON");
}

TEST_P(Copies, HaveTheLastOfWhatWasEditedInOneAndInAll) {
    edit(R"({"Study":{"Series":{"1.2.1":{"Instances":{"1.2.1.2":
         {"DICOM":{"ImageComments":"one"}}}}}}})",
         primary());
    edit(R"({"Study":{"Series":{"1.2.1":{"DICOM":{"ImageComments":"all"}}}}})", primary());
    const std::string id = copy({.source = primary()}).destination.image_set.id;
    EXPECT_EQ(metadata(id, "1.2.1.2"), metadata(primary(), "1.2.1.2"));
    EXPECT_THAT(metadata(id, "1.2.1.2"), HasSubstr(R"(["all"])"));
}

TEST_P(Copies, OfChosenInstancesHaveTheseAlone) {
    const auto copied =
        copy({.source = primary(), .source_version = 2, .instances = {"1.2.1.2", "1.2.1.2"}});
    EXPECT_EQ(copied.copied, 1);
    const auto instances = instances_of(copied.destination.image_set.id);
    ASSERT_EQ(instances.size(), 1U);
    EXPECT_EQ(instances[0].attributes.sop_instance_uid, "1.2.1.2");
    const auto missing = try_copy({.source = primary(), .instances = {"1.2.1.9"}});
    EXPECT_EQ(missing.error().code, ErrorCode::NotFound);
    EXPECT_EQ(try_copy({.source = primary(), .source_version = 1}).error().code,
              ErrorCode::Conflict);
    EXPECT_EQ(try_copy({.source = "nothing"}).error().code, ErrorCode::NotFound);
}

TEST_P(Copies, ComeIntoAnotherImageSetOfTheSeriesWithANewVersion) {
    const std::string id =
        copy({.source = primary(), .instances = {"1.2.1.1"}}).destination.image_set.id;
    const CopyRequest second{.source = primary(),
                             .instances = {"1.2.1.2"},
                             .destination = CopyRequest::Destination{id, 1}};
    const auto merged = copy(second);
    EXPECT_EQ(merged.destination.image_set.latest_version, 2);
    EXPECT_EQ(merged.destination.number_of_instances, 2);
    const auto instances = instances_of(id);
    ASSERT_EQ(instances.size(), 2U);
    EXPECT_EQ(instances[1].first_version, 2);
    EXPECT_EQ(try_copy(second).error().code, ErrorCode::Conflict) << "another latest version";
    const auto again = try_copy({.source = primary(),
                                 .instances = {"1.2.1.2"},
                                 .destination = CopyRequest::Destination{id, 2}});
    EXPECT_THAT(again.error().message, HasSubstr("instance 1.2.1.2 is in image set " + id));
    EXPECT_EQ(
        try_copy({.source = id, .destination = CopyRequest::Destination{id}}).error().code,
        ErrorCode::InvalidInput);
    insert(record("1.2", "1.2.7", "1.2.7.1"));
    EXPECT_EQ(try_copy({.source = id,
                        .destination = CopyRequest::Destination{series("1.2.7").image_set.id}})
                  .error()
                  .code,
              ErrorCode::InvalidInput)
        << "an image set has one series";
}

TEST_P(Copies, ThatSayOtherThingsOfThePatientAreForcedOrRefused) {
    const std::string id =
        copy({.source = primary(), .instances = {"1.2.1.1"}}).destination.image_set.id;
    edit(kOther, id);
    CopyRequest request{.source = primary(),
                        .instances = {"1.2.1.2"},
                        .destination = CopyRequest::Destination{id}};
    const auto refused = try_copy(request);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_THAT(refused.error().message, HasSubstr("PatientID"));
    EXPECT_THAT(refused.error().message, ::testing::Not(HasSubstr("P9")));
    request.force = edits::Force::Yes;
    copy(request);
    EXPECT_THAT(metadata(id, "1.2.1.2"), HasSubstr(R"("P9")")) << "as where it comes";
    EXPECT_EQ(metadata(primary(), "1.2.1.2"), "{}");
}

TEST_P(Copies, ArePromotedWhereNothingIsInTheirWay) {
    // A conflict alone in its series: nothing of it is shown.
    auto alone = record("1.2", "1.2.5", "1.2.5.1");
    alone.file.object = objects::ObjectId{105};
    alone.series.series_description = "alone";
    insert(alone, Placement::NonPrimary);
    EXPECT_EQ(study().number_of_study_related_series, 1);
    const auto conflict = read(
        [&](db::Snapshot& s) { return catalog_->list_image_sets(s, ImageSetRow{0}, 100); });
    const auto promoted =
        copy({.source = conflict.back().id, .promote = CopyRequest::Promote::Yes});
    EXPECT_TRUE(promoted.destination.image_set.is_primary);
    EXPECT_NE(promoted.destination.image_set.id, conflict.back().id);
    EXPECT_FALSE(promoted.demoted);
    EXPECT_EQ(study().number_of_study_related_series, 2);
    EXPECT_EQ(study().number_of_study_related_instances, 3);
    EXPECT_EQ(series("1.2.5").series.series_description, "alone");
    EXPECT_EQ(series("1.2.5").image_set.id, promoted.destination.image_set.id);
}

TEST_P(Copies, OfAnotherPatientAreNotPromotedIntoAStudy) {
    insert(record("1.2", "1.2.6", "1.2.6.1"));
    auto other = record("1.2", "1.2.5", "1.2.5.1");
    other.patient.patient_id = "P9";
    other.file.object = objects::ObjectId{105};
    insert(other, Placement::NonPrimary);
    const std::string id =
        read([&](db::Snapshot& s) { return catalog_->list_image_sets(s, ImageSetRow{0}, 100); })
            .back()
            .id;
    CopyRequest request{.source = id, .promote = CopyRequest::Promote::Yes};
    const auto refused = try_copy(request);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_THAT(refused.error().message, HasSubstr(" in PatientID:"));
    // Edited to be the study's, it can be.
    edit(R"({"Patient":{"DICOM":{"PatientID":"P1"}}})", id);
    const auto promoted = copy(request);
    EXPECT_EQ(study().patient.patient_id, "P1");
    EXPECT_THAT(metadata(promoted.destination.image_set.id, "1.2.5.1"), HasSubstr("\"P1\""));
}

TEST_P(Copies, TakeThePlaceOfThePrimaryImageSetByForce) {
    const std::string old = primary();
    const std::string id =
        copy({.source = old, .instances = {"1.2.1.1"}}).destination.image_set.id;
    edit(R"({"Study":{"Series":{"1.2.1":{"DICOM":{"SeriesDescription":"new"}}}},
             "Patient":{"DICOM":{"PatientID":"P9"}}})",
         id);
    CopyRequest request{.source = id, .promote = CopyRequest::Promote::Yes};
    EXPECT_EQ(try_copy(request).error().code, ErrorCode::Conflict);
    request.force = edits::Force::Yes;
    const auto promoted = copy(request);
    ASSERT_TRUE(promoted.demoted);
    EXPECT_EQ(promoted.demoted->image_set.id, old);
    EXPECT_EQ(promoted.demoted->image_set.latest_version, 3);
    EXPECT_EQ(primary(), promoted.destination.image_set.id);
    EXPECT_EQ(series().series.series_description, "new");
    EXPECT_EQ(study().patient.patient_id, "P9") << "the study has no other series";
    EXPECT_EQ(study().number_of_study_related_instances, 1);
    EXPECT_EQ(study().number_of_study_related_series, 1);
    EXPECT_EQ(totals().patients, 1);
    const auto types = event_types();
    EXPECT_THAT(std::vector(types.end() - 4, types.end()),
                UnorderedElementsAre("Image Set Updating", "Image Set Updated",
                                     "Image Set Copying", "Image Set Copied"));
    // And back again, as it was.
    request.source = old;
    copy(request);
    EXPECT_EQ(series().series.series_description, "thin");
    EXPECT_EQ(study().patient, record().patient);
    EXPECT_EQ(study().number_of_study_related_instances, 2);
    EXPECT_EQ(
        try_copy({.source = primary(), .promote = CopyRequest::Promote::Yes}).error().code,
        ErrorCode::InvalidInput)
        << "it is primary";
    auto his = with_object("1.2.1.3", 103);
    EXPECT_EQ(insert(his).kind, InsertOutcome::Kind::Stored);
    EXPECT_EQ(instances_of(primary()).size(), 3U) << "arrivals come to what is primary now";
}

TEST_P(Copies, KeepTheirObjectsUntilTheLastOwnerIsRemovedForGood) {
    must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->record_prepared(tx, instances_of(primary())[0].row,
                                         {.metadata = objects::ObjectId{201},
                                          .frame_index = objects::ObjectId{202},
                                          .thumbnail = {},
                                          .pixel_min = {},
                                          .pixel_max = {},
                                          .window_center = {},
                                          .window_width = {}});
    }));
    const std::string first = copy({.source = primary()}).destination.image_set.id;
    const std::string second = copy({.source = first}).destination.image_set.id;
    EXPECT_EQ(instances_of(second)[0].prepared.metadata, objects::ObjectId{201});
    EXPECT_EQ(instances_of(second)[0].preprocess, PreprocessState::Done);
    EXPECT_EQ(instances_of(second)[1].preprocess, PreprocessState::Pending);
    EXPECT_THAT(purge(remove(first)), ElementsAre());
    EXPECT_EQ(instances_of(second).size(), 2U);
    EXPECT_THAT(purge(remove(second)), ElementsAre());
    EXPECT_THAT(purge(remove(primary())), UnorderedElementsAre(101, 102, 201, 202));
}

TEST_P(Copies, AreDeletedAndRecoveredByThemselvesAndInNobodysWay) {
    const std::string id = copy({.source = primary()}).destination.image_set.id;
    const auto of_copy = remove(id);
    const std::string source = primary();
    const auto of_series = remove(source);
    recover(of_copy);
    const auto back = recover(of_series);
    EXPECT_EQ(back.recovered, 2);
    EXPECT_EQ(primary(), source);
    EXPECT_EQ(instances_of(id).size(), 2U);
}

TEST_P(Copies, TakeNoConflicts) {
    const std::string id = copy({.source = primary()}).destination.image_set.id;
    insert(with_object("1.2.1.1", 104), Placement::NonPrimary);
    insert(with_object("1.2.1.9", 105), Placement::NonPrimary);
    EXPECT_EQ(instances_of(id).size(), 2U);
    EXPECT_EQ(totals().non_primary_image_sets, 2);
}

TEST_P(Copies, OfOneSeriesAreLimited) {
    for (std::int64_t i = 1; i < kImageSetsOfSeriesMax; ++i) {
        copy({.source = primary(), .instances = {"1.2.1.1"}});
    }
    EXPECT_EQ(try_copy({.source = primary()}).error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(insert(with_object("1.2.1.1", 106), Placement::NonPrimary).kind,
              InsertOutcome::Kind::Stored)
        << "copies are none of the conflicts that are counted";
}

LARMOR_EACH_DRIVER(Copies);

}  // namespace
}  // namespace larmor::catalog
