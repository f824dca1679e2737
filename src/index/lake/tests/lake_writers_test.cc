// Several writers of one lake, and those that are killed.
#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "index/lake/tests/faulty_store.h"
#include "index/lake/tests/lake_fixture.h"

namespace larmor::index::lake {
namespace {

using LakeWriters = LakeTest;
namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST_F(LakeWriters, GoesOnWhereAnotherProcessWas) {
    apply(history()[0]);
    const auto other = open();
    must_be(other->apply(document(history()[1])));
    EXPECT_EQ(apply(history()[2]), Target::Applied::Written);
    must_be(other->wanted());
    EXPECT_EQ(must_be(other->apply(document(history()[0]))), Target::Applied::Older);
    EXPECT_TRUE(must_be(other->has_applied(std::string(32, 'd'), std::string(32, 'a'), 2)));
    EXPECT_FALSE(must_be(other->has_applied(std::string(32, 'd'), std::string(32, 'a'), 3)));
    EXPECT_THAT(rows("SELECT SOPInstanceUID FROM instance ORDER BY 1"),
                ElementsAre("1.2.1.1.1", "1.2.1.2.1"));
}

TEST_F(LakeWriters, LosesNothingWhenItIsKilledBetweenAnyTwoSteps) {
    const auto all = history();
    apply_all({all.begin(), all.begin() + 3});
    const auto before = everything();
    apply_all({all.begin() + 3, all.end()});
    const auto after = everything();
    ASSERT_NE(before, after);

    fs::remove_all(folder_ / "lake");
    target_ = open();
    apply_all({all.begin(), all.begin() + 3});
    target_.reset();
    fs::rename(folder_ / "lake", folder_ / "prepared");

    std::vector<ImageSetDocument> documents;
    for (auto at = all.begin() + 3; at != all.end(); ++at) documents.push_back(document(*at));
    int interrupted = 0;
    for (bool whole = false; !whole;) {
        fs::remove_all(folder_ / "lake");
        fs::copy(folder_ / "prepared", folder_ / "lake", fs::copy_options::recursive);
        auto killed =
            must_be(open_lake_on(std::make_unique<FaultyStore>(
                                     folder_ / "lake", FaultyStore::Fault::Killed, interrupted),
                                 options()));
        whole = killed->apply_batch(documents).front().has_value();
        killed.reset();

        // A reader sees what was before or what is after, never something between; what was
        // acknowledged is there.
        const auto seen = everything();
        EXPECT_TRUE(seen == after || (!whole && seen == before)) << "call " << interrupted;
        // Its messages come again.
        target_ = open();
        for (auto& outcome : target_->apply_batch(documents)) must_be(std::move(outcome));
        EXPECT_EQ(everything(), after) << "call " << interrupted;
        ASSERT_LT(++interrupted, 200);
    }
    EXPECT_GT(interrupted, 20);
}

TEST_F(LakeWriters, CountsRightWhenManyProcessesWriteAtOnce) {
    constexpr int kSets = 12;
    std::vector<std::thread> threads;
    std::atomic<int> next = 0;
    for (int i = 0; i < 3; ++i) {
        threads.emplace_back([&] {
            // Without a lock, as in S3: whoever is second finds it out.
            const auto target = must_be(
                open_lake_on(std::make_unique<FaultyStore>(
                                 folder_ / "lake", FaultyStore::Fault::Killed, 1'000'000),
                             options()));
            for (int n = next++; n < kSets; n = next++) {
                const std::string uid = "1.2." + std::to_string(n % 3);
                const auto given =
                    document({.id = std::to_string(n) + std::string(30, 'x'),
                              .sequence = n + 1,
                              .study = uid,
                              .series = uid + "." + std::to_string(n),
                              .instances = {uid + "." + std::to_string(n) + ".1"}});
                // As a worker does: what is in the way of others comes again.
                for (;;) {
                    const auto applied = target->apply(given);
                    if (applied) break;
                    ASSERT_EQ(applied.error().code, ErrorCode::Conflict)
                        << applied.error().message;
                }
            }
        });
    }
    for (auto& thread : threads) thread.join();

    EXPECT_THAT(rows("SELECT NumberOfStudyRelatedSeries, NumberOfStudyRelatedInstances"
                     " FROM study"),
                ElementsAre("4 4", "4 4", "4 4"));
    EXPECT_THAT(rows("SELECT COUNT(DISTINCT SOPInstanceUID), COUNT(*) FROM instance"),
                ElementsAre("12 12"));
}

TEST_F(LakeWriters, GoOnWhereTheDiskWasFullAtAnyStep) {
    const auto all = history();
    std::vector<ImageSetDocument> first = {document(all[0])};
    std::vector<ImageSetDocument> documents;
    for (const auto& given : all) documents.push_back(document(given));
    apply_all(all);
    const auto after = everything();

    int interrupted = 0;
    for (bool whole = false; !whole; ++interrupted) {
        ASSERT_LT(interrupted, 100);
        target_.reset();
        fs::remove_all(folder_ / "lake");
        target_ = open();
        must_be(target_->apply(first.front()));
        const auto before = everything();
        auto store = std::make_unique<FaultyStore>(folder_ / "lake", FaultyStore::Fault::Full,
                                                   interrupted);
        auto& disk = *store;
        target_ = must_be(open_lake_on(std::move(store), options()));

        const auto outcomes = target_->apply_batch(documents);
        whole = outcomes.front().has_value();
        for (const auto& outcome : outcomes) {
            if (whole) break;
            ASSERT_FALSE(outcome);
            EXPECT_EQ(outcome.error().code, ErrorCode::Unavailable);
            EXPECT_THAT(outcome.error().message, HasSubstr("no room for the lake"));
        }
        const auto seen = everything();
        EXPECT_TRUE(seen == after || (!whole && seen == before)) << "call " << interrupted;
        if (!whole) EXPECT_FALSE(target_->wanted()) << "call " << interrupted;

        // The same process goes on, and is given the same again.
        disk.make_room();
        must_be(target_->wanted());
        for (auto& outcome : target_->apply_batch(documents)) must_be(std::move(outcome));
        EXPECT_EQ(everything(), after) << "call " << interrupted;
    }
    EXPECT_GT(interrupted, 10);
}

TEST_F(LakeWriters, TakeNothingWhileTheirKeysAreRefused) {
    apply({});
    constexpr int kPublished = 2;
    auto store = std::make_unique<FaultyStore>(folder_ / "lake", FaultyStore::Fault::Refused,
                                               kPublished);
    auto& bucket = *store;
    target_ = must_be(open_lake_on(std::move(store), options()));
    must_be(target_->wanted());
    const auto next = document({.version = 2, .sequence = 2, .patient_name = "NEW^NAME"});

    const auto applied = target_->apply(next);

    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, ErrorCode::Denied);
    EXPECT_FALSE(target_->wanted());
    bucket.make_room();
    must_be(target_->wanted());
    EXPECT_EQ(must_be(target_->apply(next)), Target::Applied::Written);
    EXPECT_THAT(rows("SELECT PatientName FROM patient"), ElementsAre("NEW^NAME"));
}

TEST_F(LakeWriters, TryADocumentOutWithoutATrace) {
    apply({});
    const auto before = everything();
    const auto manifest_before = manifest();

    must_be(target_->rehearse(
        document({.id = std::string(32, 'b'), .sequence = 2, .patient_name = "OTHER^NAME"})));
    auto bad = document({.id = std::string(32, 'b'), .sequence = 2});
    bad.instances[0].values[0] = "\xff\xfe";
    const auto refused = target_->rehearse(bad);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::InvalidInput);

    EXPECT_EQ(manifest(), manifest_before);
    EXPECT_EQ(everything(), before);
    EXPECT_EQ(apply({.version = 2, .sequence = 3}), Target::Applied::Written);
}

}  // namespace
}  // namespace larmor::index::lake
