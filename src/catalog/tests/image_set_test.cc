#include "catalog/tests/catalog_library.h"

namespace larmor::catalog {
namespace {

using testing::CatalogTest;

class ImageSets : public CatalogTest {};

TEST_P(ImageSets, RememberAtWhichVersionAnInstanceCame) {
    insert(record("1.2", "1.2.1", "1"));
    insert(record("1.2", "1.2.1", "2"));
    const auto set = series().image_set;
    const auto instances = read([&](db::Snapshot& s) {
        return catalog_->list_instances(s, set.row, InstanceRow{0}, 100);
    });
    ASSERT_EQ(instances.size(), 2U);
    EXPECT_EQ(instances[0].first_version, 1);
    EXPECT_EQ(instances[1].first_version, 2);
    EXPECT_EQ(set.state, ImageSetState::Active);
    EXPECT_EQ(set.workflow_status, "UPDATED");
    EXPECT_EQ(set.id.size(), 32U);
    EXPECT_EQ(read([&](db::Snapshot& s) { return catalog_->find_image_set(s, set.id); }).row,
              set.row);
}

TEST_P(ImageSets, ListTheirInstancesInPages) {
    for (int i = 0; i < 7; ++i) insert(record("1.2", "1.2.1", "1." + std::to_string(i)));
    insert(record("1.2", "1.2.2", "2"));
    const auto set = series().image_set.row;
    std::vector<std::string> uids;
    InstanceRow after{0};
    for (;;) {
        const auto page =
            read([&](db::Snapshot& s) { return catalog_->list_instances(s, set, after, 3); });
        if (page.empty()) break;
        EXPECT_LE(page.size(), 3U);
        for (const auto& instance : page) uids.push_back(instance.attributes.sop_instance_uid);
        after = page.back().row;
    }
    EXPECT_EQ(uids,
              (std::vector<std::string>{"1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6"}));
}

TEST_P(ImageSets, TheFirstOfAStudyIsOfItsFirstSeries) {
    insert(record("1.2", "1.2.9", "1"));
    insert(record("1.2", "1.2.1", "2"));
    insert(record("1.3", "1.3.1", "3"));
    const auto first = [&](std::string_view uid) {
        return read(
            [&](db::Snapshot& s) { return catalog_->first_image_set(s, study(uid).row); });
    };
    EXPECT_EQ(first("1.2"), series("1.2.9", "1.2").image_set.row);
    EXPECT_EQ(first("1.3"), series("1.3.1", "1.3").image_set.row);
    const auto none = database_->read(
        [&](db::Snapshot& s) { return catalog_->first_image_set(s, StudyRow{99}); });
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().code, ErrorCode::NotFound);
}

TEST_P(ImageSets, TellTheirEventsAsHealthImagingDoes) {
    insert(record("1.2", "1.2.1", "1"));
    insert(record("1.2", "1.2.1", "2"));
    const auto set = series().image_set;
    const auto event = all_events().at(1);
    EXPECT_EQ(event.detail_type, "Image Set Updated");
    EXPECT_EQ(event.subject_id, set.id);
    EXPECT_EQ(event.resource, "arn:aws:medical-imaging:local:000000000000:datastore/" +
                                  catalog_->datastore_id() + "/imageset/" + set.id);
    EXPECT_EQ(event.detail, R"({"imagingVersion":"1.0","isPrimary":true,"imageSetVersion":"2",)"
                            R"("datastoreId":")" +
                                catalog_->datastore_id() + R"(","imagesetId":")" + set.id +
                                R"(","imageSetId":")" + set.id +
                                R"(","imageSetState":"ACTIVE","imageSetWorkflowStatus":)"
                                R"("UPDATED"})");
}

TEST_P(ImageSets, StudyVersionRisesWithEveryChange) {
    insert(record("1.2", "1.2.1", "1"));
    EXPECT_EQ(study().version, 1);
    insert(record("1.2", "1.2.2", "2"));
    EXPECT_EQ(study().version, 2);
    insert(record("1.2", "1.2.2", "2"));  // known: changes nothing
    EXPECT_EQ(study().version, 2);
}

TEST_P(ImageSets, ListTheSeriesOfAStudy) {
    insert(record("1.2", "1.2.2", "1"));
    insert(record("1.2", "1.2.1", "2"));
    insert(record("1.3", "1.3.1", "3"));
    const auto all =
        read([&](db::Snapshot& s) { return catalog_->list_series(s, study().row); });
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[0].series.series_instance_uid, "1.2.2");
    EXPECT_EQ(all[1].study_instance_uid, "1.2");
}

TEST_P(ImageSets, WhatIsNotThereIsNotFoundWithItsUid) {
    insert(record());
    const auto error = [&](auto f) { return database_->read(f).error(); };
    EXPECT_NE(error([&](db::Snapshot& s) {
                  return catalog_->find_study(s, "9");
              }).message.find("no study 9"),
              std::string::npos);
    EXPECT_EQ(
        error([&](db::Snapshot& s) { return catalog_->find_series(s, "9", "1.2.1"); }).code,
        ErrorCode::NotFound);
    EXPECT_EQ(error([&](db::Snapshot& s) {
                  return catalog_->find_instance(s, "1.2", "9", "1.2.1.1");
              }).code,
              ErrorCode::NotFound)
        << "UIDs hold only within their study and series";
    EXPECT_EQ(error([&](db::Snapshot& s) { return catalog_->find_image_set(s, "abc"); }).code,
              ErrorCode::NotFound);
}

LARMOR_EACH_DRIVER(ImageSets);

}  // namespace
}  // namespace larmor::catalog
