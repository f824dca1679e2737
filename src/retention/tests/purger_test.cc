#include "retention/purger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "async/sync_wait.h"
#include "base/ids.h"
#include "fsck/fsck.h"
#include "ingest/tests/test_files.h"
#include "library/check_library.h"
#include "library/library.h"
#include "preprocess/make_image_frames.h"

namespace larmor::retention {
namespace {

using namespace ingest::testing_files;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::IsEmpty;

class PurgerTest : public testing::Test, public fsck::Observer {
protected:
    void SetUp() override {
        auto opened = Library::open({.folder = path(), .clock = &clock});
        ASSERT_TRUE(opened) << opened.error().message;
        library = *std::move(opened);
        // The last one stays: what lies before it in the segment is dead space once purged.
        for (const auto& file :
             {ct_small(), modified("-m SOPInstanceUID=1.2.3.4", folder.path() / "second"),
              modified("-m SOPInstanceUID=1.2.3.5 -m StudyInstanceUID=1.2.3",
                       folder.path() / "other")}) {
            const auto content = content_of(file);
            const auto result =
                async::sync_wait(library->importer().import_bytes(as_bytes(content)));
            ASSERT_EQ(result.outcome, ingest::Outcome::Stored);
            if (study.empty()) study = result.study_instance_uid;
        }
        ASSERT_TRUE(library->preprocessor().start());
        ASSERT_TRUE(library->preprocessor().wait_until_idle());
    }
    Purger::Options options() {
        Purger::Options options;
        options.clock = &clock;
        return options;
    }
    std::unique_ptr<Purger> purger() {
        return std::make_unique<Purger>(
            Purger::Services{library->database(), library->store(), library->catalog(),
                             library->audit(), library->admission()},
            options());
    }
    catalog::Deletion delete_study(std::chrono::microseconds keep) {
        const auto deletion = library->database().write_and_wait([&](db::Transaction& tx) {
            return library->catalog().delete_resource(tx, {.study_instance_uid = study,
                                                           .series_instance_uid = {},
                                                           .sop_instance_uid = {},
                                                           .deleted_by = "test",
                                                           .expires = clock.now() + keep});
        });
        EXPECT_TRUE(deletion);
        return deletion.value_or(catalog::Deletion{});
    }
    /// Of all instances.
    void make_image_frames() {
        auto& store = library->store();
        auto& catalog = library->catalog();
        const auto instances = library->database().read(
            [&](db::Snapshot& snapshot) { return catalog.search_instances(snapshot, {}); });
        ASSERT_TRUE(instances);
        ASSERT_EQ(instances->items.size(), 3U);
        for (const auto& hit : instances->items) {
            const auto object = hit.instance.file.object;
            const auto location = store.locate(object);
            ASSERT_TRUE(location);
            const auto staged = preprocess::stage_image_frames(
                store, *location, preprocess::image_frames_key(hit.instance));
            ASSERT_TRUE(staged) << staged.error().message;
            ASSERT_TRUE(library->database().write_and_wait([&](db::Transaction& tx) {
                return preprocess::record_image_frames(tx, store, catalog, object,
                                                       staged->object);
            }));
        }
    }
    std::string trail() const {
        std::string text;
        for (const auto& entry : fs::directory_iterator(path() / "audit")) {
            if (entry.is_regular_file()) text += content_of(entry.path());
        }
        return text;
    }
    /// The library is closed for it.
    fsck::Summary check() {
        library.reset();
        const auto summary = check_library(path(), false, *this);
        EXPECT_TRUE(summary) << summary.error().message;
        EXPECT_THAT(errors, IsEmpty());
        return summary.value_or(fsck::Summary{});
    }
    void found(const fsck::Finding& finding) override {
        if (finding.severity == db::Severity::Error) {
            errors.push_back(finding.where + ": " + finding.what);
        }
    }
    void progress(std::uint64_t /*checked*/, std::uint64_t /*total*/) override {}
    fs::path path() const { return folder.path() / "library"; }

    TemporaryFolder folder;
    ManualClock clock{Time(std::chrono::seconds(1'767'225'600))};
    std::unique_ptr<Library> library;
    std::string study;
    std::vector<std::string> errors;
};

TEST_F(PurgerTest, ADeletedStudyIsKeptUntilItsTimeIsUpAndThenNothingOfItIsLeft) {
    delete_study(24h);
    const auto purging = purger();
    clock.advance(23h);
    EXPECT_EQ(purging->purge_expired({}), 0);
    clock.advance(1h);
    EXPECT_EQ(purging->purge_expired(
                  {.id = "uid:1", .name = {}, .role = {}, .via = "command", .address = {}}),
              2);
    EXPECT_THAT(trail(), HasSubstr("removed for good"));
    const auto summary = check();
    EXPECT_EQ(summary.instances, 1U);
    EXPECT_GE(summary.dead_bytes, 2 * fs::file_size(ct_small())) << "what a compaction frees";
}

TEST_F(PurgerTest, TheImageFramesOfWhatWasDeletedGoWithIt) {
    make_image_frames();
    delete_study(24h);
    clock.advance(24h);
    EXPECT_EQ(purger()->purge_expired({}), 2);
    const auto summary = check();
    EXPECT_EQ(summary.instances, 1U);
    EXPECT_EQ(summary.notes, 0U) << "an object that no row points at";
}

TEST_F(PurgerTest, TheImageFramesOfAFileStayAsLongAsAnotherImageSetHasIt) {
    make_image_frames();
    auto& catalog = library->catalog();
    const auto first = library->database().read([&](db::Snapshot& snapshot) {
        return catalog.list_image_sets(snapshot, catalog::ImageSetRow{}, 1);
    });
    ASSERT_TRUE(first);
    const auto copied = library->database().write_and_wait([&](db::Transaction& tx) {
        return catalog.copy_image_set(tx, {.source = first->at(0).id});
    });
    ASSERT_TRUE(copied) << copied.error().message;
    const auto deleted = library->database().write_and_wait([&](db::Transaction& tx) {
        return catalog.delete_image_set(tx, copied->destination.image_set.id, "test",
                                        clock.now());
    });
    ASSERT_TRUE(deleted) << deleted.error().message;
    EXPECT_EQ(purger()->purge_expired({}), 2);
    const auto left = library->database().read([&](db::Snapshot& snapshot) -> Result<bool> {
        TRY(const auto instances,
            catalog.list_instances(snapshot, first->at(0).row, catalog::InstanceRow{}, 1));
        TRY(const auto frames,
            catalog.find_image_frames(snapshot, instances.at(0).file.object));
        return frames.has_value();
    });
    ASSERT_TRUE(left) << left.error().message;
    EXPECT_TRUE(*left);
    EXPECT_EQ(check().notes, 0U);
}

TEST_F(PurgerTest, WhatIsDeletedButKeptIsWholeToACheck) {
    delete_study(24h);
    const auto summary = check();
    EXPECT_EQ(summary.instances, 3U);
    EXPECT_EQ(summary.notes, 0U);
}

TEST_F(PurgerTest, AClockThatWasSetForwardPurgesNothing) {
    delete_study(std::chrono::days(30));
    const auto purging = purger();
    clock.jump(std::chrono::days(60));
    const auto refused = purging->purge_expired({});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("set forward by 1440 hours"));
    clock.jump(-std::chrono::days(60));
    clock.advance(std::chrono::days(60));
    EXPECT_EQ(purging->purge_expired({}), 2);
}

TEST_F(PurgerTest, TheThreadPurgesWithoutBeingAskedAndIsWokenByADeletion) {
    Purger purging({library->database(), library->store(), library->catalog(), library->audit(),
                    library->admission()});
    purging.start({});
    delete_study(0s);
    purging.wake();
    // It ends as soon as it is done; the test's own time limit is the bound.
    for (;;) {
        const auto left = library->database().read([&](db::Snapshot& snapshot) {
            return library->catalog().list_deletions(snapshot, 0, 1);
        });
        ASSERT_TRUE(left);
        if (left->empty()) break;
        std::this_thread::yield();
    }
    purging.stop();
    EXPECT_EQ(check().instances, 1U);
}

TEST_F(PurgerTest, AnUnknownDeletionCanNotBePurged) {
    const auto refused = purger()->purge(random_id());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace larmor::retention
