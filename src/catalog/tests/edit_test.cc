#include <future>

#include "catalog/tests/catalog_library.h"
#include "edits/apply_json.h"

namespace larmor::catalog {
namespace {

using testing::CatalogTest;
using testing::must;

class Edits : public CatalogTest {
protected:
    static EditRequest set(std::string_view json,
                           std::optional<std::int64_t> latest = std::nullopt) {
        EditRequest request{.latest_version = latest};
        must(edits::read_updatable(json, request.document));
        return request;
    }
    static EditRequest remove(std::string_view json) {
        EditRequest request;
        must(edits::read_removable(json, request.document));
        return request;
    }
    static EditRequest revert(std::int64_t to) { return {.revert_to = to}; }

    Result<std::vector<PlacedImageSet>> try_edit(const EditRequest& request,
                                                 const std::string& id) {
        return database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->edit_image_set(tx, id, request); });
    }
    PlacedImageSet edit(const EditRequest& request) {
        return must(try_edit(request, series().image_set.id)).front();
    }
    Result<std::vector<PlacedImageSet>> edit_study(const EditRequest& request,
                                                   std::string_view uid = "1.2") {
        return database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->edit_study(tx, uid, request); });
    }
    /// What a reader makes of an instance that was stored with no metadata at all.
    std::string metadata(const std::string& instance = "1.2.1.1",
                         std::optional<std::int64_t> version = std::nullopt) {
        return read([&](db::Snapshot& s) -> Result<std::string> {
            TRY(const auto found, catalog_->find_instance(s, "1.2", "1.2.1", instance));
            TRY(const auto edits,
                catalog_->find_edits(s, found.image_set,
                                     version.value_or(series().image_set.latest_version),
                                     found.row, found.row));
            return edits::apply_to_json("{}", edits.of(found.row),
                                        edits::OriginalAttributes::Leave);
        });
    }
    std::int64_t studies_with(Attribute attribute, std::string value) {
        Condition condition;
        condition.attribute = attribute;
        condition.values = {std::move(value)};
        SearchQuery query;
        query.conditions = {condition};
        query.limit = 10;
        const auto page =
            read([&](db::Snapshot& s) { return catalog_->search_studies(s, query); });
        return static_cast<std::int64_t>(page.items.size());
    }
};

constexpr std::string_view kRename = R"({"Patient":{"DICOM":{"PatientName":"ANON^ANON"}}})";
constexpr std::string_view kRenamed =
    R"({"00100010":{"vr":"PN","Value":[{"Alphabetic":"ANON^ANON"}]}})";

TEST_P(Edits, AnEditIsAVersionAnEventAndWhatSearchesFind) {
    insert(record());
    const auto edited = edit(set(kRename));
    EXPECT_EQ(edited.image_set.latest_version, 2);
    EXPECT_EQ(edited.image_set.workflow_status, "UPDATED");
    EXPECT_EQ(edited.patient_id, "P1");
    EXPECT_EQ(study().patient.patient_name, "ANON^ANON");
    EXPECT_EQ(studies_with(Attribute::PatientName, "Doe^Jane"), 0);
    EXPECT_EQ(studies_with(Attribute::PatientName, "anon^anon"), 1);
    EXPECT_EQ(metadata(), kRenamed);
    EXPECT_EQ(metadata("1.2.1.1", 1), "{}") << "every version can be read";
    const auto set = series().image_set;
    EXPECT_EQ(set.latest_version, 2);
    EXPECT_EQ(set.edited_version, 2);
    const auto versions =
        read([&](db::Snapshot& s) { return catalog_->list_versions(s, set.row); });
    ASSERT_EQ(versions.size(), 2U);
    EXPECT_EQ(versions[1].cause, "edit");
    const auto events = all_events();
    ASSERT_EQ(events.size(), 3U);
    EXPECT_EQ(events[1].detail_type, "Image Set Updating");
    EXPECT_NE(events[1].detail.find(
                  R"("imageSetState":"LOCKED","imageSetWorkflowStatus":"UPDATING")"),
              std::string::npos);
    EXPECT_EQ(events[2].detail_type, "Image Set Updated");
    EXPECT_NE(events[2].detail.find(R"("imageSetVersion":"2")"), std::string::npos);
    EXPECT_EQ(events[2].detail.find("ANON"), std::string::npos);
}

TEST_P(Edits, OfAnotherVersionThanTheLatestAreConflictsAndChangeNothing) {
    insert(record());
    edit(set(kRename, 1));
    const auto again = try_edit(set(kRename, 1), series().image_set.id);
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code, ErrorCode::Conflict);
    EXPECT_EQ(again.error().message, "the latest version of the image set is 2, not 1");
    EXPECT_EQ(series().image_set.latest_version, 2);
    EXPECT_EQ(all_events().size(), 3U);
    edit(set(kRename, 2));
    EXPECT_EQ(series().image_set.latest_version, 3);
}

TEST_P(Edits, OfOneVersionInOneCommitGroupOnlyTheFirstIsMade) {
    insert(record());
    const std::string id = series().image_set.id;
    std::vector<std::future<Result<std::int64_t>>> waiting;
    for (int i = 0; i < 16; ++i) {
        waiting.push_back(std::async(std::launch::async, [&]() -> Result<std::int64_t> {
            TRY(const auto edited, try_edit(set(kRename, 1), id));
            return edited.front().image_set.latest_version;
        }));
    }
    int made = 0;
    for (auto& one : waiting) {
        const auto result = one.get();
        made += result.has_value() ? 1 : 0;
        const auto code = result ? ErrorCode::Conflict : result.error().code;
        EXPECT_EQ(code, ErrorCode::Conflict);
    }
    EXPECT_EQ(made, 1);
    EXPECT_EQ(series().image_set.latest_version, 2);
}

TEST_P(Edits, AreTakenBackByGoingToAnOlderVersion) {
    insert(record());
    edit(set(kRename));
    edit(set(R"({"Study":{"DICOM":{"StudyDescription":"x"},
        "Series":{"1.2.1":{"DICOM":{"SeriesNumber":"9","SeriesDescription":"y"},
        "Instances":{"1.2.1.1":{"DICOM":{"InstanceNumber":"7"}}}}}}})"));
    EXPECT_EQ(study().study.study_description, "x");
    EXPECT_EQ(series().series.series_number, 9);
    const auto number = [&] {
        return read([&](db::Snapshot& s) {
                   return catalog_->find_instance(s, "1.2", "1.2.1", "1.2.1.1");
               })
            .attributes.instance_number;
    };
    EXPECT_EQ(number(), 7);

    edit(revert(2));
    EXPECT_EQ(study().study.study_description, "Head");
    EXPECT_EQ(study().patient.patient_name, "ANON^ANON");
    EXPECT_EQ(series().series.series_number, 3);
    EXPECT_EQ(series().series.series_description, "thin");
    EXPECT_EQ(number(), 1);
    EXPECT_EQ(metadata(), kRenamed);

    edit(revert(1));
    EXPECT_EQ(study().patient, record().patient);
    EXPECT_EQ(metadata(), "{}");
    edit(revert(3));
    EXPECT_EQ(number(), 7);
    EXPECT_EQ(study().study.study_description, "x");
    EXPECT_EQ(series().image_set.latest_version, 6);
    EXPECT_FALSE(try_edit(revert(7), series().image_set.id));
    EXPECT_FALSE(try_edit(revert(0), series().image_set.id));
}

TEST_P(Edits, RemovedAttributesAreEmptyColumns) {
    auto with_requests = record();
    with_requests.series.requests = {{"S1", "R1"}, {"S2", "R2"}};
    insert(with_requests);
    edit(remove(R"({"Patient":{"DICOM":{"PatientBirthDate":null}},
        "Study":{"Series":{"1.2.1":{"DICOM":{"SeriesNumber":null,
        "RequestAttributesSequence/0":null}}}}})"));
    EXPECT_EQ(study().patient.patient_birth_date, "");
    EXPECT_EQ(series().series.series_number, std::nullopt);
    EXPECT_EQ(series().series.requests, (std::vector<RequestAttributes>{{"S2", "R2"}}));
    edit(set(R"({"Study":{"Series":{"1.2.1":{"DICOM":{
        "RequestAttributesSequence/0/RequestedProcedureID":"R9"}}}}})"));
    EXPECT_EQ(series().series.requests, (std::vector<RequestAttributes>{{"S2", "R9"}}));
    edit(revert(1));
    EXPECT_EQ(series().series.requests, with_requests.series.requests);
}

TEST_P(Edits, OfAPatientOrAStudyAreMadeInAllItsPrimaryImageSetsOrNotAtAll) {
    insert(record("1.2", "1.2.1", "1.2.1.1"));
    insert(record("1.2", "1.2.2", "1.2.2.1"));
    insert(record("1.2", "1.2.1", "1.2.1.1"), Placement::NonPrimary);
    const auto alone = try_edit(set(kRename), series().image_set.id);
    ASSERT_FALSE(alone);
    EXPECT_EQ(alone.error().code, ErrorCode::Conflict);
    EXPECT_EQ(study().patient.patient_name, "Doe^Jane");

    EditRequest both = set(kRename, 1);
    both.span = EditRequest::Span::Study;
    EXPECT_EQ(must(try_edit(both, series().image_set.id)).size(), 2U);
    const auto edited = must(edit_study(set(R"({"Patient":{"DICOM":{"PatientID":"P9"}}})")));
    EXPECT_EQ(edited.size(), 2U);
    EXPECT_EQ(series("1.2.1").image_set.latest_version, 3);
    EXPECT_EQ(series("1.2.2").image_set.latest_version, 3);
    EXPECT_EQ(all_events().size(), 11U) << "two for each image set that was edited";
    EXPECT_EQ(study().patient.patient_id, "P9");
    EXPECT_EQ(totals().patients, 1) << "nobody is left as the old one";

    const auto only_series =
        edit_study(set(R"({"Study":{"Series":{"1.2.1":{"DICOM":{"SeriesNumber":"9"}}}}})"));
    ASSERT_FALSE(only_series);
    EXPECT_EQ(only_series.error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(edit_study(set(kRename), "9.9").error().code, ErrorCode::NotFound);
}

TEST_P(Edits, OfAPatientReachEveryStudy) {
    insert(record("1.2", "1.2.1", "1.2.1.1"));
    insert(record("1.3", "1.3.1", "1.3.1.1"));
    auto other = record("1.4", "1.4.1", "1.4.1.1");
    other.patient.issuer_of_patient_id = "K";
    insert(other);
    const auto edit_patient = [&](std::optional<std::string> issuer) {
        return database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->edit_patient(tx, "P1", issuer, set(kRename));
        });
    };
    EXPECT_EQ(edit_patient(std::nullopt).error().code, ErrorCode::Conflict);
    EXPECT_EQ(must(edit_patient("H")).size(), 2U);
    EXPECT_EQ(study("1.3").patient.patient_name, "ANON^ANON");
    EXPECT_EQ(study("1.4").patient.patient_name, "Doe^Jane");
    EXPECT_EQ(edit_patient("Z").error().code, ErrorCode::NotFound);
}

TEST_P(Edits, AStudyThatBecameAnothersTakesOnlyWhatIsHis) {
    insert(record());
    edit(set(R"({"Patient":{"DICOM":{"PatientID":"P9"}}})"));
    EXPECT_EQ(insert(record("1.2", "1.2.1", "1.2.1.2")).kind,
              InsertOutcome::Kind::StudyOfAnotherPatient);
    auto his = record("1.2", "1.2.1", "1.2.1.2");
    his.patient.patient_id = "P9";
    EXPECT_EQ(insert(his).kind, InsertOutcome::Kind::Stored);
    EXPECT_EQ(series().image_set.latest_version, 3);
    EXPECT_NE(metadata("1.2.1.2").find("P9"), std::string::npos)
        << "edits are of all instances, those too that come later";
}

TEST_P(Edits, OfANonPrimaryImageSetAreShownByNoSearch) {
    insert(record());
    insert(record("1.2", "1.2.1", "1.2.1.1"), Placement::NonPrimary);
    const auto sets =
        read([&](db::Snapshot& s) { return catalog_->list_image_sets(s, series().row); });
    ASSERT_EQ(sets.size(), 2U);
    must(try_edit(set(kRename), sets[1].id));
    EXPECT_EQ(study().patient.patient_name, "Doe^Jane");
    EXPECT_EQ(series().image_set.latest_version, 1);
}

TEST_P(Edits, OfWhatIsNotThereOrNotToBeEditedAreRefused) {
    insert(record());
    const std::string id = series().image_set.id;
    EXPECT_EQ(try_edit(set(kRename), "nothing").error().code, ErrorCode::NotFound);
    EXPECT_EQ(try_edit(set("{}"), id).error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(
        try_edit(set(R"({"Study":{"Series":{"1.9":{"DICOM":{"SeriesNumber":"9"}}}}})"), id)
            .error()
            .code,
        ErrorCode::InvalidInput);
    EXPECT_EQ(try_edit(set(R"({"Study":{"Series":{"1.2.1":{"Instances":{"1.9":
                  {"DICOM":{"InstanceNumber":"9"}}}}}}})"),
                       id)
                  .error()
                  .code,
              ErrorCode::NotFound);
    EXPECT_EQ(try_edit(set(R"({"Study":{"Series":{"1.2.1":{"DICOM":{"Rows":1}}}}})"), id)
                  .error()
                  .code,
              ErrorCode::InvalidInput);
    must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->delete_resource(tx, {.study_instance_uid = "1.2",
                                              .series_instance_uid = {},
                                              .sop_instance_uid = {},
                                              .deleted_by = {},
                                              .expires = clock_.now()});
    }));
    EXPECT_EQ(try_edit(set(kRename), id).error().code, ErrorCode::NotFound);
    EXPECT_EQ(all_events().size(), 3U) << "what was refused makes no version and no event";
}

TEST_P(Edits, OfAStudyReachSeriesThatComeLater) {
    insert(record());
    edit(set(kRename));
    insert(record("1.2", "1.2.2", "1.2.2.1"));
    const auto changes = read([&](db::Snapshot& s) {
        return catalog_->find_edits(s, series("1.2.2").image_set.row, 1, InstanceRow{1},
                                    InstanceRow{99});
    });
    ASSERT_EQ(changes.of_all.size(), 1U);
    EXPECT_EQ(edits::to_string(changes.of_all[0].path), "00100010");
}

TEST_P(Edits, GoWithTheirInstancesThroughDeletionAndRecovery) {
    insert(record("1.2", "1.2.1", "1.2.1.1"));
    insert(record("1.2", "1.2.1", "1.2.1.2"));
    edit(set(kRename));
    edit(set(R"({"Study":{"Series":{"1.2.1":{"Instances":{"1.2.1.2":
        {"DICOM":{"InstanceNumber":"7"}}}}}}})"));
    const std::string before = metadata("1.2.1.2");
    const auto remove = [&](std::string instance) {
        return must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->delete_resource(tx, {.study_instance_uid = "1.2",
                                                  .series_instance_uid = "1.2.1",
                                                  .sop_instance_uid = instance,
                                                  .deleted_by = {},
                                                  .expires = clock_.now()});
        }));
    };
    const auto recover = [&](const Deletion& deletion) {
        must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->recover(tx, deletion.id,
                                     [](objects::ObjectId) -> Result<void> { return {}; });
        }));
    };
    recover(remove("1.2.1.2"));
    EXPECT_EQ(metadata("1.2.1.2"), before);
    recover(remove({}));
    EXPECT_EQ(metadata("1.2.1.2"), before);
    // Recovered beside what was stored anew, which was never edited.
    const auto whole = remove({});
    insert(record("1.2", "1.2.1", "1.2.1.1"));
    recover(whole);
    EXPECT_EQ(metadata("1.2.1.2"), before);
    EXPECT_EQ(metadata("1.2.1.1"), "{}");
}

TEST_P(Edits, ANonPrimaryImageSetIsDeletedAndRecoveredByItself) {
    insert(record());
    insert(record("1.2", "1.2.1", "1.2.1.1"), Placement::NonPrimary);
    const auto sets = [&] {
        return read(
            [&](db::Snapshot& s) { return catalog_->list_image_sets(s, series().row); });
    };
    const std::string id = sets().at(1).id;
    must(try_edit(set(kRename), id));
    const auto deletion = must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->delete_image_set(tx, id, "me", clock_.now());
    }));
    EXPECT_EQ(deletion.number_of_instances, 1);
    EXPECT_EQ(sets().at(1).state, ImageSetState::Deleted);
    EXPECT_EQ(series().number_of_series_related_instances, 1);
    EXPECT_EQ(all_events().back().detail_type, "Image Set Deleted");
    must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->recover(tx, deletion.id,
                                 [](objects::ObjectId) -> Result<void> { return {}; });
    }));
    EXPECT_EQ(sets().at(1).state, ImageSetState::Active);
    EXPECT_EQ(sets().at(1).latest_version, 4);
    must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->delete_image_set(tx, sets().at(0).id, "me", clock_.now());
    }));
    EXPECT_FALSE(
        database_->read([&](db::Snapshot& s) { return catalog_->find_study(s, "1.2"); }));
}

LARMOR_EACH_DRIVER(Edits);

}  // namespace
}  // namespace larmor::catalog
