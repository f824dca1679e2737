#include "catalog/tests/catalog_library.h"

namespace larmor::catalog {
namespace {

using objects::ObjectId;
using testing::CatalogTest;
using testing::must;

class Prepared : public CatalogTest {
protected:
    bool record_prepared(InstanceRow row, const PreparedInstance& prepared,
                         std::string_view reason = {}) {
        return must(database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->record_prepared(tx, row, prepared, reason);
        }));
    }
    StoredInstance instance(InstanceRow row) {
        return read([&](db::Snapshot& s) { return catalog_->find_instance(s, row); });
    }
    std::vector<Catalog::Pending> pending(const Catalog::Pending& after = {},
                                          std::size_t limit = 100) {
        return read([&](db::Snapshot& s) { return catalog_->list_pending(s, after, limit); });
    }
    Result<Catalog::Recorded> metadata(std::int64_t version, std::int64_t object) {
        return database_->write_and_wait([&](db::Transaction& tx) {
            return catalog_->record_series_metadata(tx, series_row_, version, ObjectId{object});
        });
    }
    ImageSetRow series_row_{};
};

TEST_P(Prepared, TheFirstResultOfAnInstanceWins) {
    const auto row = insert(record()).row;
    ASSERT_EQ(pending().size(), 1U);
    PreparedInstance first;
    first.metadata = ObjectId{1};
    first.frame_index = ObjectId{2};
    first.pixel_min = -1024;
    first.pixel_max = 3071.5;
    EXPECT_TRUE(record_prepared(row, first, "no picture: the coding is unknown"));
    PreparedInstance second;
    second.metadata = ObjectId{9};
    EXPECT_FALSE(record_prepared(row, second));

    const auto stored = instance(row);
    EXPECT_EQ(stored.preprocess, PreprocessState::Done);
    EXPECT_EQ(stored.prepared.metadata, ObjectId{1});
    EXPECT_EQ(stored.prepared.frame_index, ObjectId{2});
    EXPECT_EQ(stored.prepared.thumbnail, ObjectId{0});
    EXPECT_EQ(stored.prepared.pixel_min, -1024);
    EXPECT_EQ(stored.prepared.pixel_max, 3071.5);
    EXPECT_EQ(stored.prepared.window_center, std::nullopt);
    EXPECT_EQ(stored.preprocess_reason, "no picture: the coding is unknown");
    EXPECT_TRUE(pending().empty());
}

TEST_P(Prepared, AFailureIsKeptWithItsReasonAndCanBeMadeGood) {
    const auto row = insert(record()).row;
    must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->record_preprocess_failure(tx, row, "out of memory");
    }));
    EXPECT_EQ(instance(row).preprocess, PreprocessState::Failed);
    EXPECT_EQ(instance(row).preprocess_reason, "out of memory");
    EXPECT_TRUE(pending().empty());
    EXPECT_EQ(totals().failed, 1);

    EXPECT_TRUE(record_prepared(row, {}));
    EXPECT_EQ(instance(row).preprocess, PreprocessState::Done);
    EXPECT_EQ(instance(row).preprocess_reason, "");
    EXPECT_EQ(totals().failed, 0);
}

TEST_P(Prepared, PendingInstancesComeByImageSetAndInPages) {
    for (int i = 0; i < 5; ++i) insert(record("1.2", "1.2.1", "1." + std::to_string(i)));
    const auto all = pending();
    ASSERT_EQ(all.size(), 5U);
    record_prepared(all[1].instance, {});
    const auto rest = pending(all[0], 2);
    ASSERT_EQ(rest.size(), 2U);
    EXPECT_EQ(rest[0].instance, all[2].instance);
    EXPECT_EQ(rest[1].instance, all[3].instance);
}

TEST_P(Prepared, AnImageSetHasNothingPendingOnceItsLastInstanceIsDone) {
    insert(record("1.2", "1.2.1", "1"));
    insert(record("1.2", "1.2.2", "2"));
    const auto all = pending();
    ASSERT_EQ(all.size(), 2U);
    const auto has_pending = [&](std::size_t of) {
        return must(database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->has_pending(tx, all[of].image_set); }));
    };
    EXPECT_TRUE(has_pending(0));
    record_prepared(all[0].instance, {});
    EXPECT_FALSE(has_pending(0));
    EXPECT_TRUE(has_pending(1));
}

TEST_P(Prepared, SeriesMetadataOfAnOlderVersionNeverGoesOverANewer) {
    insert(record("1.2", "1.2.1", "1"));
    insert(record("1.2", "1.2.1", "2"));
    series_row_ = series().image_set.row;
    EXPECT_FALSE(series().metadata_is_fresh());

    EXPECT_TRUE(must(metadata(1, 101)).accepted);
    EXPECT_FALSE(series().metadata_is_fresh()) << "version 2 is there";
    const auto newer = must(metadata(2, 102));
    EXPECT_TRUE(newer.accepted);
    EXPECT_EQ(newer.replaced, ObjectId{101});
    EXPECT_TRUE(series().metadata_is_fresh());
    EXPECT_FALSE(must(metadata(2, 103)).accepted) << "the first write of a version wins";
    EXPECT_FALSE(must(metadata(1, 104)).accepted);
    EXPECT_EQ(series().metadata, ObjectId{102});
    EXPECT_EQ(metadata(3, 105).error().code, ErrorCode::InvalidInput) << "of a version to come";

    insert(record("1.2", "1.2.1", "3"));
    EXPECT_FALSE(series().metadata_is_fresh());
    EXPECT_EQ(series().metadata_version, 2);
}

TEST_P(Prepared, TheThumbnailOfASeriesBecomesThatOfItsStudy) {
    insert(record());
    must(database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->record_series_thumbnail(tx, ImageSetRow{1}, 1, ObjectId{55});
    }));
    EXPECT_EQ(series().thumbnail, ObjectId{55});
    EXPECT_EQ(series().thumbnail_version, 1);
    EXPECT_EQ(study().thumbnail, ObjectId{55});
}

TEST_P(Prepared, WhatIsGoneMeanwhileTakesNoResult) {
    const auto outcome = database_->write_and_wait([&](db::Transaction& tx) {
        return catalog_->record_prepared(tx, InstanceRow{999}, {});
    });
    ASSERT_TRUE(outcome);
    EXPECT_FALSE(*outcome);
}

LARMOR_EACH_DRIVER(Prepared);

}  // namespace
}  // namespace larmor::catalog
