#include <atomic>

#include "catalog/tests/catalog_library.h"

namespace larmor::catalog {
namespace {

using db::testing::CountedWrite;
using db::testing::HeldWriter;
using testing::CatalogTest;
using testing::must;

class Insert : public CatalogTest {
protected:
    std::function<Result<void>(db::Transaction&)> inserting(InstanceRecord record) {
        return [this, record](db::Transaction& tx) -> Result<void> {
            TRY_VOID(catalog_->insert_instance(tx, record));
            return {};
        };
    }
    std::function<Result<void>(db::Transaction&)> changing_its_mind(InstanceRecord record) {
        return [this, record](db::Transaction& tx) -> Result<void> {
            TRY_VOID(catalog_->insert_instance(tx, record));
            return fail(ErrorCode::Cancelled, "changed my mind");
        };
    }
};

TEST_P(Insert, GivesBackEveryAttribute) {
    const auto given = record();
    const auto outcome = insert(given);
    ASSERT_EQ(outcome.kind, InsertOutcome::Kind::Stored);

    const auto stored = read(
        [&](db::Snapshot& s) { return catalog_->find_instance(s, "1.2", "1.2.1", "1.2.1.1"); });
    EXPECT_EQ(stored.row, outcome.row);
    EXPECT_EQ(stored.image_set, outcome.image_set);
    EXPECT_EQ(stored.attributes, given.instance);
    EXPECT_EQ(stored.file.object, given.file.object);
    EXPECT_EQ(stored.file.transfer_syntax_uid, given.file.transfer_syntax_uid);
    EXPECT_EQ(stored.file.size_bytes, 39'000U);
    EXPECT_EQ(stored.file.sha256, given.file.sha256);
    EXPECT_EQ(stored.file.content_hash, Sha256{});
    EXPECT_EQ(stored.preprocess, PreprocessState::Pending);
    EXPECT_EQ(stored.created, clock_.now());
    EXPECT_EQ(stored.study_instance_uid, "1.2");
    EXPECT_TRUE(stored.is_primary);
    EXPECT_EQ(study().study, given.study);
    EXPECT_EQ(study().patient, given.patient);
    EXPECT_EQ(series().series, given.series);
    EXPECT_EQ(study().modalities_in_study, std::vector<std::string>{"CT"});
}

TEST_P(Insert, KeepsWhatTheFirstInstanceSaidOfStudyAndSeries) {
    insert(record());
    auto second = record("1.2", "1.2.1", "1.2.1.2");
    second.study.study_description = "other";
    second.series.modality = "MR";
    insert(second);
    EXPECT_EQ(study().study.study_description, "Head");
    EXPECT_EQ(series().series.modality, "CT");
    EXPECT_EQ(series().number_of_series_related_instances, 2);
}

TEST_P(Insert, CountsSeriesAndInstancesInTheSameTransaction) {
    insert(record("1.2", "1.2.1", "1"));
    insert(record("1.2", "1.2.1", "2"));
    insert(record("1.2", "1.2.2", "3"));
    EXPECT_EQ(study().number_of_study_related_series, 2);
    EXPECT_EQ(study().number_of_study_related_instances, 3);
    EXPECT_EQ(series("1.2.1").number_of_series_related_instances, 2);
    EXPECT_EQ(totals().instances, 3);
    EXPECT_EQ(totals().series, 2);
    EXPECT_EQ(totals().pending, 3);
}

TEST_P(Insert, AGroupMakesOneVersionAndOneEventOfAnImageSet) {
    HeldWriter held(*database_);
    std::vector<std::unique_ptr<CountedWrite>> writes;
    for (int i = 0; i < 5; ++i) {
        writes.push_back(std::make_unique<CountedWrite>(
            inserting(record("1.2", "1.2.1", "1." + std::to_string(i)))));
        database_->submit(*writes.back());
    }
    held.release();
    for (auto& write : writes) EXPECT_TRUE(write->wait());

    EXPECT_EQ(series().image_set.latest_version, 1);
    ASSERT_EQ(all_events().size(), 1U);
    EXPECT_EQ(all_events()[0].detail_type, "Image Set Created");
    const auto versions = read(
        [&](db::Snapshot& s) { return catalog_->list_versions(s, series().image_set.row); });
    ASSERT_EQ(versions.size(), 1U);
    EXPECT_EQ(versions[0].number_of_instances, 5);
    EXPECT_EQ(versions[0].cause, "import");
}

TEST_P(Insert, ARequestThatFailsLeavesNoTraceInRowsCountersAndMemory) {
    HeldWriter held(*database_);
    CountedWrite bad_first(changing_its_mind(record("1.2", "1.2.1", "1")));
    CountedWrite good(inserting(record("1.2", "1.2.1", "2")));
    CountedWrite bad_last(changing_its_mind(record("1.2", "1.2.1", "3")));
    CountedWrite bad_elsewhere(changing_its_mind(record("1.3", "1.3.1", "4")));
    for (auto* write : {&bad_first, &good, &bad_last, &bad_elsewhere})
        database_->submit(*write);
    held.release();
    EXPECT_FALSE(bad_first.wait());
    EXPECT_TRUE(good.wait());
    EXPECT_FALSE(bad_last.wait());
    EXPECT_FALSE(bad_elsewhere.wait());

    EXPECT_EQ(study().number_of_study_related_instances, 1);
    EXPECT_EQ(totals().studies, 1);
    EXPECT_EQ(all_events().size(), 1U);
    EXPECT_EQ(series().image_set.latest_version, 1);

    // What was cached in the failed requests must not be used again.
    insert(record("1.3", "1.3.1", "4"));
    insert(record("1.2", "1.2.1", "1"));
    EXPECT_EQ(study("1.3").number_of_study_related_instances, 1);
    EXPECT_EQ(series().number_of_series_related_instances, 2);
    EXPECT_EQ(series().image_set.latest_version, 2);
}

TEST_P(Insert, AGroupThatFailsLeavesNoTrace) {
    const auto fails = std::make_shared<std::atomic<bool>>(true);
    database_->before_commit([fails](db::Transaction&) -> Result<void> {
        if (*fails) return fail(ErrorCode::Unavailable, "no commit today");
        return {};
    });
    EXPECT_FALSE(database_->write_and_wait(inserting(record())));
    EXPECT_EQ(totals().studies, 0);
    *fails = false;
    EXPECT_TRUE(all_events().empty());
    EXPECT_TRUE(database_->write_and_wait(inserting(record())));
    EXPECT_EQ(series().image_set.latest_version, 1);
    EXPECT_EQ(study().number_of_study_related_instances, 1);
    EXPECT_EQ(all_events().at(0).position.sequence, 1);
}

TEST_P(Insert, TheSameUidAnywhereIsReportedWithWhatIsThere) {
    const auto first = insert(record("1.2", "1.2.1", "9.9"));
    for (const auto& again : {record("1.2", "1.2.1", "9.9"), record("1.2", "1.2.2", "9.9"),
                              record("1.3", "1.3.1", "9.9")}) {
        const auto outcome = insert(again);
        EXPECT_EQ(outcome.kind, InsertOutcome::Kind::Exists);
        ASSERT_EQ(outcome.existing.size(), 1U);
        EXPECT_EQ(outcome.existing[0].row, first.row);
        EXPECT_EQ(outcome.existing[0].series_instance_uid, "1.2.1");
        EXPECT_EQ(outcome.existing[0].file.object, objects::ObjectId{77});
    }
    EXPECT_EQ(totals().instances, 1);
    EXPECT_EQ(totals().series, 1) << "nothing was written";
    EXPECT_EQ(all_events().size(), 1U);
}

TEST_P(Insert, AConflictGoesToANonPrimaryImageSetWithItsOwnEvent) {
    insert(record());
    const auto conflict = insert(record(), Placement::NonPrimary);
    ASSERT_EQ(conflict.kind, InsertOutcome::Kind::Stored);

    const auto sets =
        read([&](db::Snapshot& s) { return catalog_->list_image_sets(s, series().row); });
    ASSERT_EQ(sets.size(), 2U);
    EXPECT_TRUE(sets[0].is_primary);
    EXPECT_FALSE(sets[1].is_primary);
    EXPECT_EQ(sets[1].row, conflict.image_set);
    EXPECT_EQ(sets[1].latest_version, 1);
    ASSERT_EQ(all_events().size(), 2U);
    EXPECT_EQ(all_events()[1].detail_type, "Image Set Created");
    EXPECT_NE(all_events()[1].detail.find(R"("isPrimary":false)"), std::string::npos);
    EXPECT_EQ(all_events()[1].subject_id, sets[1].id);

    EXPECT_EQ(study().number_of_study_related_instances, 1) << "readers see the primary only";
    EXPECT_EQ(read([&](db::Snapshot& s) {
                  return catalog_->find_instance(s, "1.2", "1.2.1", "1.2.1.1");
              }).image_set,
              sets[0].row);
    EXPECT_EQ(totals().non_primary_image_sets, 1);

    // Another conflict of the same UID needs a set of its own; one of another UID does not.
    insert(record("1.2", "1.2.1", "1.2.1.2"));
    EXPECT_EQ(insert(record("1.2", "1.2.1", "1.2.1.2"), Placement::NonPrimary).image_set,
              conflict.image_set);
    EXPECT_NE(insert(record(), Placement::NonPrimary).image_set, conflict.image_set);
    const auto all =
        read([&](db::Snapshot& s) { return catalog_->find_by_sop_instance_uid(s, "1.2.1.1"); });
    ASSERT_EQ(all.size(), 3U);
    EXPECT_TRUE(all[0].is_primary);
    EXPECT_FALSE(all[1].is_primary);
}

TEST_P(Insert, AConflictInAnotherSeriesDoesNotMakeThatSeriesVisible) {
    insert(record("1.2", "1.2.1", "9.9"));
    insert(record("1.2", "1.2.2", "9.9"), Placement::NonPrimary);
    EXPECT_EQ(study().number_of_study_related_series, 1);
    const auto hidden = database_->read(
        [&](db::Snapshot& s) { return catalog_->find_series(s, "1.2", "1.2.2"); });
    EXPECT_EQ(hidden.error().code, ErrorCode::NotFound);

    insert(record("1.2", "1.2.2", "9.10"));
    EXPECT_EQ(series("1.2.2").number_of_series_related_instances, 1);
    EXPECT_EQ(study().number_of_study_related_series, 2);
}

TEST_P(Insert, RefusesAStudyUnderAnotherPatientUnlessTheCallerCallsItAConflict) {
    insert(record());
    auto other = record("1.2", "1.2.1", "1.2.1.2");
    other.patient.patient_id = "P2";
    EXPECT_EQ(insert(other).kind, InsertOutcome::Kind::StudyOfAnotherPatient);
    open();  // and when it must be looked up
    EXPECT_EQ(insert(other).kind, InsertOutcome::Kind::StudyOfAnotherPatient);
    other.patient.patient_id = "P1";
    other.patient.issuer_of_patient_id = "another hospital";
    EXPECT_EQ(insert(other).kind, InsertOutcome::Kind::StudyOfAnotherPatient);
    EXPECT_EQ(totals().instances, 1);

    EXPECT_EQ(insert(other, Placement::NonPrimary).kind, InsertOutcome::Kind::Stored);
    EXPECT_EQ(totals().patients, 1);
    EXPECT_EQ(study().number_of_study_related_instances, 1);
}

TEST_P(Insert, APatientIsIdAndIssuerAndWithoutIdEachStudyStandsApart) {
    insert(record("1.2", "1.2.1", "1"));
    insert(record("1.3", "1.3.1", "2"));
    EXPECT_EQ(study("1.2").patient_row, study("1.3").patient_row);

    auto elsewhere = record("1.4", "1.4.1", "3");
    elsewhere.patient.issuer_of_patient_id = "another hospital";
    insert(elsewhere);
    EXPECT_NE(study("1.4").patient_row, study("1.2").patient_row);

    for (const char* uid : {"1.5", "1.6"}) {
        auto nameless = record(uid, std::string(uid) + ".1", std::string(uid) + ".1.1");
        nameless.patient.patient_id = "";
        insert(nameless);
        nameless.instance.sop_instance_uid += ".2";
        EXPECT_EQ(insert(nameless).kind, InsertOutcome::Kind::Stored);
    }
    EXPECT_NE(study("1.5").patient_row, study("1.6").patient_row);
}

TEST_P(Insert, RefusesUidsThatCanBeNoKeyAndNamesWhich) {
    const auto refused = [&](InstanceRecord bad) {
        return database_
            ->write_and_wait(
                [&](db::Transaction& tx) { return catalog_->insert_instance(tx, bad); })
            .error();
    };
    EXPECT_EQ(refused(record("", "1", "1")).message, "StudyInstanceUID is missing");
    EXPECT_EQ(refused(record("1", "..", "1")).message, "SeriesInstanceUID is not a UID");
    EXPECT_EQ(refused(record("1", "1", "1/2")).message, "SOPInstanceUID is not a UID");
    EXPECT_EQ(refused(record("1", "1", std::string(65, '1'))).code, ErrorCode::InvalidInput);
}

TEST_P(Insert, BoundsHowManyInstancesShareAUid) {
    insert(record());
    for (int i = 1; i < 5; ++i) {
        InstanceRecord other = record();
        other.file.object = objects::ObjectId{100 + i};
        insert(other, Placement::NonPrimary);
    }
    const auto refused = database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->insert_instance(tx, record(), Placement::NonPrimary);
    });
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::LimitExceeded);
}

TEST_P(Insert, KeepsOtherEncodingsBesideTheFirst) {
    const auto outcome = insert(record());
    StoredFile other = record().file;
    other.object = objects::ObjectId{78};
    other.transfer_syntax_uid = "1.2.840.10008.1.2.5";
    other.content_hash = sha256(as_bytes(std::string_view("content")));
    const auto add = [&] {
        return database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->insert_alternate(tx, outcome.row, other);
        });
    };
    EXPECT_TRUE(add());
    const auto alternates =
        read([&](db::Snapshot& s) { return catalog_->alternates(s, outcome.row); });
    ASSERT_EQ(alternates.size(), 1U);
    EXPECT_EQ(alternates[0].file.object, objects::ObjectId{78});
    EXPECT_EQ(alternates[0].file.transfer_syntax_uid, "1.2.840.10008.1.2.5");
    EXPECT_EQ(alternates[0].file.content_hash, other.content_hash);
    EXPECT_EQ(series().image_set.latest_version, 1) << "what readers get is unchanged";

    for (int i = 1; i < 5; ++i) EXPECT_TRUE(add());
    EXPECT_EQ(add().error().code, ErrorCode::LimitExceeded);
    EXPECT_EQ(database_
                  ->write_and_wait([&](db::Transaction& tx) {
                      return catalog_->insert_alternate(tx, InstanceRow{999}, other);
                  })
                  .error()
                  .code,
              ErrorCode::NotFound);
}

TEST_P(Insert, GoesOnAfterARestart) {
    insert(record("1.2", "1.2.1", "1"));
    const std::string datastore = catalog_->datastore_id();
    EXPECT_EQ(datastore.size(), 32U);
    open();
    EXPECT_EQ(catalog_->datastore_id(), datastore);
    insert(record("1.2", "1.2.1", "2"));
    EXPECT_EQ(series().image_set.latest_version, 2);
    EXPECT_EQ(series().number_of_series_related_instances, 2);
    ASSERT_EQ(all_events().size(), 2U);
    EXPECT_EQ(all_events()[1].detail_type, "Image Set Updated");
}

TEST_P(Insert, UsesFewSeriesRowsFromMemoryAndStillFindsAll) {
    // As open(), with room for two series.
    catalog_.reset();
    log_.reset();
    database_.reset();
    database_ = library_.open();
    log_ = must(events::EventLog::open(*database_, clock_));
    log_->start_numbering();
    catalog_ =
        must(Catalog::open(*database_, *log_, {.clock = &clock_, .cached_series_max = 2}));
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 5; ++i) {
            const std::string uid = "1.2." + std::to_string(i);
            insert(record("1.2", uid, uid + "." + std::to_string(round)));
        }
    }
    EXPECT_EQ(study().number_of_study_related_series, 5);
    EXPECT_EQ(study().number_of_study_related_instances, 15);
    EXPECT_EQ(series("1.2.4").image_set.latest_version, 3);
}

LARMOR_EACH_DRIVER(Insert);

}  // namespace
}  // namespace larmor::catalog
