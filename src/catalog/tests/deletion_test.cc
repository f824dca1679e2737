#include <gmock/gmock.h>

#include "catalog/check.h"
#include "catalog/tests/catalog_library.h"

namespace larmor::catalog {
namespace {

using db::testing::CountedWrite;
using db::testing::HeldWriter;
using testing::CatalogTest;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::must;
using ::testing::UnorderedElementsAre;

/// Collects what a check of the rows finds.
class Told : public db::CheckObserver {
public:
    void found(const db::Finding& finding) override {
        all.push_back(finding.where + ": " + finding.what);
    }
    void progress(std::uint64_t /*checked*/, std::uint64_t /*total*/) override {}
    std::vector<std::string> all;
};

class DeletionTest : public CatalogTest {
protected:
    void TearDown() override {
        Told told;
        db::Check check(*database_, told);
        must(check_rows(check));
        EXPECT_THAT(told.all, IsEmpty());
    }
    Result<Deletion> try_delete(std::string study, std::string series = {},
                                std::string instance = {}) {
        const DeleteRequest request{.study_instance_uid = std::move(study),
                                    .series_instance_uid = std::move(series),
                                    .sop_instance_uid = std::move(instance),
                                    .deleted_by = "somebody",
                                    .expires = clock_.now() + std::chrono::hours(24)};
        return database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->delete_resource(tx, request); });
    }
    Result<Recovery> try_recover(const std::string& id) {
        return database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->recover(tx, id, remover()); });
    }
    RemoveObject remover() {
        return [this](objects::ObjectId id) -> Result<void> {
            removed_.push_back(objects::to_int64(id));
            return {};
        };
    }
    void purge(const Deletion& deletion, std::size_t limit) {
        must(database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->begin_purge(tx, deletion.id); }));
        for (bool done = false; !done;) {
            done = must(database_->write_and_wait([&](db::Transaction& tx) {
                       return catalog_->purge_some(tx, deletion.row, limit, remover());
                   })).done;
        }
    }
    bool is_there(std::string_view study, std::string_view series, std::string_view instance) {
        return database_
            ->read([&](db::Snapshot& s) {
                return catalog_->find_instance(s, study, series, instance);
            })
            .has_value();
    }
    std::size_t search_hits() {
        return read([&](db::Snapshot& s) { return catalog_->search_instances(s, {}); })
            .items.size();
    }
    std::vector<Deletion> deletions() {
        return read([&](db::Snapshot& s) { return catalog_->list_deletions(s, 0, 100); });
    }
    std::vector<std::string> event_types() {
        std::vector<std::string> types;
        for (const auto& event : all_events()) types.push_back(event.detail_type.substr(10));
        return types;
    }
    std::int64_t rows_of(const std::string& table) {
        return db::testing::count(*database_, "SELECT count(*) FROM " + table);
    }
    /// Two series of two instances and one of one, in two studies of two patients.
    void insert_five() {
        insert(record("1.2", "1.2.1", "1"));
        insert(record("1.2", "1.2.1", "2"));
        insert(record("1.2", "1.2.2", "3"));
        insert(record("1.2", "1.2.2", "4"));
        auto other = record("1.3", "1.3.1", "5");
        other.patient.patient_id = "P2";
        insert(other);
    }
    std::vector<std::int64_t> removed_;
};

TEST_P(DeletionTest, ADeletedStudyIsInNoSearchAndNoLookUp) {
    insert_five();
    const auto deletion = must(try_delete("1.2"));
    EXPECT_EQ(deletion.number_of_instances, 4);
    EXPECT_EQ(deletion.patient_id, "P1");
    EXPECT_FALSE(is_there("1.2", "1.2.1", "1"));
    EXPECT_EQ(search_hits(), 1U);
    EXPECT_EQ(
        read([&](db::Snapshot& s) { return catalog_->search_studies(s, {}); }).items.size(),
        1U);
    EXPECT_EQ(
        read([&](db::Snapshot& s) { return catalog_->search_series(s, {}); }).items.size(), 1U);
    EXPECT_TRUE(read([&](db::Snapshot& s) {
                    return catalog_->find_by_sop_instance_uid(s, "1");
                }).empty());
    EXPECT_EQ(totals().studies, 1);
    EXPECT_EQ(totals().series, 1);
    EXPECT_EQ(totals().instances, 1);
    EXPECT_EQ(try_delete("1.2").error().code, ErrorCode::NotFound);
}

TEST_P(DeletionTest, WhatIsNotThereCanNotBeDeleted) {
    insert_five();
    EXPECT_EQ(try_delete("9").error().code, ErrorCode::NotFound);
    EXPECT_EQ(try_delete("1.2", "9").error().code, ErrorCode::NotFound);
    EXPECT_EQ(try_delete("1.2", "1.2.1", "9").error().code, ErrorCode::NotFound);
    EXPECT_EQ(try_delete("1.3", "1.2.1").error().code, ErrorCode::NotFound);
    EXPECT_THAT(deletions(), IsEmpty());
    EXPECT_EQ(totals().instances, 5);
}

TEST_P(DeletionTest, EveryImageSetOfAStudyGetsItsEventAndItsVersion) {
    insert_five();
    must(try_delete("1.2"));
    EXPECT_THAT(event_types(),
                ElementsAre("Created", "Updated", "Created", "Updated", "Created", "Deleting",
                            "Deleted", "Deleting", "Deleted"));
    const auto detail = all_events().back().detail;
    EXPECT_NE(detail.find(R"("imageSetVersion":"3")"), std::string::npos) << detail;
    EXPECT_NE(detail.find(R"("imageSetState":"DELETED")"), std::string::npos) << detail;
    const auto versions =
        read([&](db::Snapshot& s) { return catalog_->list_versions(s, ImageSetRow{1}); });
    ASSERT_EQ(versions.size(), 3U);
    EXPECT_EQ(versions.back().cause, "delete");
}

TEST_P(DeletionTest, ARecoveredStudyIsAsItWas) {
    insert_five();
    const auto before = study();
    const auto deletion = must(try_delete("1.2"));
    const auto recovery = must(try_recover(deletion.id));
    EXPECT_EQ(recovery.recovered, 4);
    EXPECT_EQ(recovery.kept, 0);
    EXPECT_EQ(study().study, before.study);
    EXPECT_EQ(study().patient, before.patient);
    EXPECT_EQ(study().number_of_study_related_series, 2);
    EXPECT_EQ(study().number_of_study_related_instances, 4);
    EXPECT_TRUE(is_there("1.2", "1.2.1", "1"));
    EXPECT_EQ(search_hits(), 5U);
    EXPECT_THAT(deletions(), IsEmpty());
    EXPECT_EQ(event_types().back(), "Updated");
    EXPECT_EQ(try_recover(deletion.id).error().code, ErrorCode::NotFound);
    // And new ones go where they went.
    insert(record("1.2", "1.2.1", "6"));
    EXPECT_EQ(series("1.2.1").number_of_series_related_instances, 3);
    EXPECT_EQ(rows_of("image_sets"), 3);
}

TEST_P(DeletionTest, AnInstanceLeavesItsSeriesAndComesBack) {
    insert_five();
    const auto deletion = must(try_delete("1.2", "1.2.1", "1"));
    EXPECT_EQ(event_types().back(), "Updated");
    EXPECT_EQ(event_types().size(), 7U);
    EXPECT_FALSE(is_there("1.2", "1.2.1", "1"));
    EXPECT_TRUE(is_there("1.2", "1.2.1", "2"));
    EXPECT_EQ(series("1.2.1").number_of_series_related_instances, 1);
    EXPECT_EQ(series("1.2.1").image_set.latest_version, 3);
    EXPECT_EQ(try_delete("1.2", "1.2.1", "1").error().code, ErrorCode::NotFound);

    must(try_recover(deletion.id));
    EXPECT_TRUE(is_there("1.2", "1.2.1", "1"));
    EXPECT_EQ(series("1.2.1").number_of_series_related_instances, 2);
    EXPECT_EQ(series("1.2.1").image_set.latest_version, 4);
    EXPECT_EQ(rows_of("image_sets"), 3) << "the set that held it is gone";
}

TEST_P(DeletionTest, TheLastInstanceTakesSeriesAndStudyAlong) {
    insert_five();
    must(try_delete("1.2", "1.2.1", "1"));
    must(try_delete("1.2", "1.2.1", "2"));
    EXPECT_EQ(event_types().back(), "Deleted");
    EXPECT_EQ(study().number_of_study_related_series, 1);
    must(try_delete("1.2", "1.2.2"));
    EXPECT_EQ(totals().studies, 1);
    // In another order than they were deleted.
    for (const auto& deletion : deletions()) must(try_recover(deletion.id));
    EXPECT_EQ(study().number_of_study_related_series, 2);
    EXPECT_EQ(study().number_of_study_related_instances, 4);
    EXPECT_EQ(series("1.2.1").number_of_series_related_instances, 2);
}

TEST_P(DeletionTest, WhatIsStoredAgainIsStoredAnewAlsoForAnotherPatient) {
    insert_five();
    const auto deletion = must(try_delete("1.2"));
    auto again = record("1.2", "1.2.1", "1");
    again.patient.patient_id = "P3";
    again.study.study_description = "the right patient";
    again.series.modality = "MR";
    EXPECT_EQ(insert(again).kind, InsertOutcome::Kind::Stored);
    EXPECT_EQ(study().patient.patient_id, "P3");
    EXPECT_EQ(study().study.study_description, "the right patient");
    EXPECT_EQ(series().series.modality, "MR");
    EXPECT_EQ(study().number_of_study_related_instances, 1);

    const auto refused = try_recover(deletion.id);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);

    const auto second = must(try_delete("1.2"));
    must(try_recover(deletion.id));
    EXPECT_EQ(study().patient.patient_id, "P1");
    EXPECT_EQ(study().study.study_description, "Head");
    EXPECT_EQ(series().series.modality, "CT");
    EXPECT_EQ(try_recover(second.id).error().code, ErrorCode::Conflict);
}

TEST_P(DeletionTest, RecoveryPutsTheOthersBesideWhatWasStoredAgain) {
    insert_five();
    const auto deletion = must(try_delete("1.2"));
    insert(record("1.2", "1.2.1", "1"));
    const auto recovery = must(try_recover(deletion.id));
    EXPECT_EQ(recovery.recovered, 3);
    EXPECT_EQ(recovery.kept, 1);
    EXPECT_EQ(study().number_of_study_related_instances, 4);
    EXPECT_EQ(study().number_of_study_related_series, 2);
    EXPECT_EQ(search_hits(), 5U);
    ASSERT_EQ(deletions().size(), 1U);
    EXPECT_EQ(deletions()[0].number_of_instances, 1);
    // The one that is left is recovered once the other is gone.
    must(try_delete("1.2", "1.2.1", "1"));
    EXPECT_EQ(must(try_recover(deletion.id)).recovered, 1);
    EXPECT_EQ(search_hits(), 5U);
}

TEST_P(DeletionTest, RecoveryOfASeriesLeavesOutWhatLiesInAnother) {
    insert_five();
    const auto deletion = must(try_delete("1.2", "1.2.1"));
    insert(record("1.2", "1.2.9", "1"));
    const auto recovery = must(try_recover(deletion.id));
    EXPECT_EQ(recovery.recovered, 1);
    EXPECT_EQ(recovery.kept, 1);
    EXPECT_TRUE(is_there("1.2", "1.2.1", "2"));
    EXPECT_FALSE(is_there("1.2", "1.2.1", "1"));
    EXPECT_TRUE(is_there("1.2", "1.2.9", "1"));
    EXPECT_EQ(try_recover(deletion.id).error().code, ErrorCode::Conflict);
}

TEST_P(DeletionTest, ConflictsGoAndComeBackWithTheirInstance) {
    insert_five();
    insert(record("1.2", "1.2.1", "1"), Placement::NonPrimary);
    EXPECT_EQ(totals().non_primary_image_sets, 1);
    const auto deletion = must(try_delete("1.2", "1.2.1", "1"));
    EXPECT_EQ(deletion.number_of_instances, 2);
    EXPECT_TRUE(read([&](db::Snapshot& s) {
                    return catalog_->find_by_sop_instance_uid(s, "1");
                }).empty());
    EXPECT_EQ(totals().non_primary_image_sets, 0);
    must(try_recover(deletion.id));
    EXPECT_EQ(read([&](db::Snapshot& s) {
                  return catalog_->find_by_sop_instance_uid(s, "1");
              }).size(),
              2U);
    EXPECT_EQ(totals().non_primary_image_sets, 1);
    EXPECT_EQ(series("1.2.1").number_of_series_related_instances, 2);
}

TEST_P(DeletionTest, APurgeLeavesNoRowAndNoObject) {
    insert_five();
    must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->record_prepared(tx, InstanceRow{1},
                                         {.metadata = objects::ObjectId{81},
                                          .frame_index = objects::ObjectId{82},
                                          .thumbnail = objects::ObjectId{83},
                                          .pixel_min = std::nullopt,
                                          .pixel_max = std::nullopt,
                                          .window_center = std::nullopt,
                                          .window_width = std::nullopt});
    }));
    must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->insert_alternate(tx, InstanceRow{1},
                                          {.object = objects::ObjectId{84},
                                           .transfer_syntax_uid = "1.2.840.10008.1.2.4.80",
                                           .size_bytes = 1,
                                           .sha256 = {},
                                           .content_hash = {}});
    }));
    must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->record_series_thumbnail(tx, ImageSetRow{1}, 1, objects::ObjectId{85});
    }));
    purge(must(try_delete("1.2")), 1);
    EXPECT_THAT(removed_, UnorderedElementsAre(77, 77, 77, 77, 81, 82, 83, 84, 85));
    for (const auto* table : {"patients", "studies", "series", "image_sets", "instances"}) {
        EXPECT_EQ(rows_of(table), 1) << table;
    }
    for (const auto* table :
         {"deletions", "deletion_image_sets", "prepared_instances", "instance_alternates"}) {
        EXPECT_EQ(rows_of(table), 0) << table;
    }
}

TEST_P(DeletionTest, APurgeThatHasBegunGoesOnAndCanNotBeRecovered) {
    insert_five();
    const auto deletion = must(try_delete("1.2"));
    EXPECT_TRUE(read([&](db::Snapshot& s) {
                    return catalog_->list_expired(s, clock_.now(), 10);
                }).empty());
    EXPECT_EQ(read([&](db::Snapshot& s) {
                  return catalog_->list_expired(s, deletion.expires, 10);
              }).size(),
              1U);
    must(database_->write_and_wait(
        [&](db::Transaction& tx) { return catalog_->begin_purge(tx, deletion.id); }));
    must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->purge_some(tx, deletion.row, 1, remover());
    }));
    open();  // as after a kill
    EXPECT_EQ(try_recover(deletion.id).error().code, ErrorCode::Conflict);
    const auto left =
        read([&](db::Snapshot& s) { return catalog_->list_expired(s, clock_.now(), 10); });
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].number_of_instances, 3);
    purge(left[0], 100);
    EXPECT_EQ(rows_of("instances"), 1);
}

TEST_P(DeletionTest, NoRowNumberIsGivenTwice) {
    insert(record("1.2", "1.2.1", "1"));
    const auto last = insert(record("1.2", "1.2.2", "2"));
    purge(must(try_delete("1.2")), 100);
    open();
    const auto next = insert(record("1.2", "1.2.1", "1"));
    EXPECT_GT(number_of(next.row), number_of(last.row));
    EXPECT_GT(number_of(next.image_set), number_of(last.image_set));
    EXPECT_GT(number_of(study().row), 1);
    EXPECT_GT(number_of(series().row), 2);
    EXPECT_EQ(number_of(insert(record("1.2", "1.2.1", "2")).row), number_of(next.row) + 1);
}

TEST_P(DeletionTest, StoringAndDeletingInOneGroupIsOneVersion) {
    insert(record("1.2", "1.2.1", "1"));
    HeldWriter held(*database_);
    CountedWrite store([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(catalog_->insert_instance(tx, record("1.2", "1.2.1", "2")));
        return {};
    });
    CountedWrite remove([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(catalog_->delete_resource(tx, {.study_instance_uid = "1.2",
                                                .series_instance_uid = "1.2.1",
                                                .sop_instance_uid = "1",
                                                .deleted_by = {},
                                                .expires = clock_.now()}));
        return {};
    });
    CountedWrite undone([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(catalog_->delete_resource(tx, {.study_instance_uid = "1.2",
                                                .series_instance_uid = {},
                                                .sop_instance_uid = {},
                                                .deleted_by = {},
                                                .expires = clock_.now()}));
        return fail(ErrorCode::Cancelled, "changed my mind");
    });
    CountedWrite more([&](db::Transaction& tx) -> Result<void> {
        TRY_VOID(catalog_->insert_instance(tx, record("1.2", "1.2.1", "3")));
        return {};
    });
    for (auto* write : {&store, &remove, &undone, &more}) database_->submit(*write);
    held.release();
    for (auto* write : {&store, &remove, &undone, &more}) write->wait();
    EXPECT_EQ(series().image_set.latest_version, 2);
    EXPECT_EQ(series().number_of_series_related_instances, 2);
    EXPECT_EQ(study().number_of_study_related_instances, 2);
    EXPECT_THAT(event_types(), ElementsAre("Created", "Updating", "Updated"));
    insert(record("1.2", "1.2.1", "4"));
    EXPECT_EQ(series().image_set.latest_version, 3);
    EXPECT_EQ(deletions().size(), 1U);
}

LARMOR_EACH_DRIVER(DeletionTest);

}  // namespace
}  // namespace larmor::catalog
