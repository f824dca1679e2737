#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "async/sync_wait.h"
#include "objects/tests/local_library.h"
#include "objects/tests/object_store_conformance.h"

namespace larmor::objects {
namespace {

using db::testing::TempDirectory;
using testing::LocalLibrary;
using testing::must;

class LocalUnderTest final : public StoreUnderTest {
public:
    LocalUnderTest() : library_(directory_.path(), options()) {}
    ObjectStore& store() override { return library_.store(); }
    db::Database& database() override { return library_.database(); }
    void let_pass(std::chrono::microseconds time) override { clock_.advance(time); }
    std::chrono::microseconds grace() const override { return std::chrono::hours(1); }
    void reopen() override {
        library_.close();
        library_.open();
    }

private:
    local::LocalStoreOptions options() {
        return {.segment_first_bytes = 1 << 16, .grace = grace(), .clock = &clock_};
    }
    TempDirectory directory_;
    ManualClock clock_{Time(std::chrono::seconds(1'767'225'600))};  // 2026-01-01
    LocalLibrary library_;
};

INSTANTIATE_TEST_SUITE_P(Local, ObjectStoreConformance,
                         ::testing::Values(StoreFactory{
                             "local", [] { return std::make_unique<LocalUnderTest>(); }}),
                         [](const auto& param) { return param.param.name; });

StageRequest request_of(std::string_view body) {
    StageRequest request;
    request.key = "k";
    request.body = {as_bytes(body)};
    return request;
}

async::Task<Result<ObjectId>> put_object(LocalLibrary& library, std::string_view body) {
    auto request = request_of(body);
    CO_TRY(const StagedObject staged, co_await library.store().stage(std::move(request)));
    co_return co_await library.database().write(
        [&](db::Transaction& tx) { return library.store().record(tx, staged); });
}

async::Task<std::vector<Result<ObjectId>>> put_many(LocalLibrary& library,
                                                    std::string_view body, int count) {
    std::vector<async::Task<Result<ObjectId>>> tasks;
    for (int i = 0; i < count; ++i) tasks.push_back(put_object(library, body));
    return async::when_all(std::move(tasks));
}

TEST(LocalStore, SyncsWhatIsRecordedTogetherOnce) {
    const TempDirectory directory;
    LocalLibrary library(directory.path());
    const std::string body(39'000, 'x');
    for (const auto& id : async::sync_wait(put_many(library, body, 64))) EXPECT_TRUE(id);

    const auto stats = library.store().stats();
    EXPECT_EQ(stats.records, 64U);
    // A sync for each commit at most, and one serves many.
    EXPECT_LE(stats.groups, library.database().stats().groups);
    EXPECT_GE(stats.group_records_max, 16U);
}

TEST(LocalStore, RecordsNothingWhoseSyncFailedAndNothingAfterIt) {
    const TempDirectory directory;
    std::atomic<bool> fail_syncs = false;
    LocalLibrary library(directory.path(), {.fail_syncs = &fail_syncs});
    const auto kept = async::sync_wait(put_object(library, "before"));
    ASSERT_TRUE(kept) << kept.error().message;

    fail_syncs = true;
    const auto lost = async::sync_wait(put_object(library, "during"));
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().code, ErrorCode::NoSpace);
    EXPECT_NE(lost.error().message.find("read-only"), std::string::npos)
        << lost.error().message;
    // The disk works again, but nobody knows what became of the pages.
    fail_syncs = false;
    EXPECT_EQ(async::sync_wait(put_object(library, "after")).error().code, ErrorCode::NoSpace);
    // Rows without bytes can be written: the database has a disk of its own to fail.
    EXPECT_EQ(db::testing::count(library.database(), "SELECT count(*) FROM objects"), 1);
    EXPECT_TRUE(library.store().verify(must(library.store().locate(*kept))));

    library.close();
    library.open();
    EXPECT_TRUE(library.store().verify(must(library.store().locate(*kept))));
    EXPECT_TRUE(async::sync_wait(put_object(library, "after a restart")));
}

TEST(LocalStore, SaysOnceThatItStoppedWriting) {
    const TempDirectory directory;
    std::atomic<bool> fail_syncs = true;
    std::vector<std::string> told;
    LocalLibrary library(
        directory.path(),
        {.on_write_failure = [&](const Error& error) { told.push_back(error.message); },
         .fail_syncs = &fail_syncs});
    EXPECT_FALSE(async::sync_wait(put_object(library, "lost")));
    EXPECT_FALSE(async::sync_wait(put_object(library, "refused")));
    EXPECT_EQ(told, std::vector<std::string>{"the sync was made to fail"});
}

TEST(LocalStore, MakesSmallerSegmentsNearAFullDiskAndNoneBelowTheReserve) {
    constexpr std::uint64_t kMiB = 1 << 20;
    const TempDirectory directory;
    std::atomic<std::uint64_t> spare = 100 * kMiB;
    LocalLibrary library(directory.path(), {.small_max_bytes = kMiB,
                                            .segment_first_bytes = 16 * kMiB,
                                            .segment_max_bytes = 16 * kMiB,
                                            .group_max_bytes = 2 * kMiB,
                                            .spare_bytes = [&] { return spare.load(); }});
    const std::string body(kMiB, 'x');
    const auto put = [&] { return async::sync_wait(put_object(library, body)); };
    // Three segments: the first as usual and, prepared ahead, the next ones as the disk allows.
    std::vector<ObjectId> ids;
    while (!std::filesystem::exists(library.segment(3))) {
        if (ids.size() == 1) spare = 5 * kMiB;
        const auto id = put();
        ASSERT_TRUE(id) << id.error().message;
        ids.push_back(*id);
        ASSERT_LT(ids.size(), 40U);
    }
    // Full ones are cut behind their last group.
    EXPECT_GT(std::filesystem::file_size(library.segment(1)), 14 * kMiB);
    EXPECT_LE(std::filesystem::file_size(library.segment(2)), 4 * kMiB);

    spare = 0;
    Result<ObjectId> last = ObjectId{};
    for (int i = 0; i < 20 && last; ++i) {
        last = put();
        if (last) ids.push_back(*last);
    }
    ASSERT_FALSE(last);
    EXPECT_EQ(last.error().code, ErrorCode::NoSpace);
    EXPECT_NE(last.error().message.find("short of space"), std::string::npos);
    EXPECT_EQ(db::testing::count(library.database(), "SELECT count(*) FROM object_segments"),
              3);

    spare = 100 * kMiB;
    EXPECT_TRUE(put()) << "without a restart";
    for (const auto id : ids) {
        EXPECT_TRUE(library.store().verify(must(library.store().locate(id))));
    }
}

TEST(LocalStore, WaitsForASegmentWhenManyArriveAtOnce) {
    const TempDirectory directory;
    LocalLibrary library(directory.path(), {.small_max_bytes = 1 << 18,
                                            .segment_first_bytes = 1 << 18,
                                            .segment_max_bytes = 1 << 20});
    const std::string body(150'000, 'x');
    std::set<std::pair<std::int64_t, std::uint64_t>> places;
    for (const auto& id : async::sync_wait(put_many(library, body, 60))) {
        ASSERT_TRUE(id) << id.error().message;
        const auto location = must(library.store().locate(*id));
        EXPECT_TRUE(library.store().verify(location));
        places.emplace(location.segment, location.record_offset);
    }
    EXPECT_EQ(places.size(), 60U);
    EXPECT_GE(places.rbegin()->first, 9);
}

TEST(LocalStore, GoesOnInANewSegmentWhenOneIsFull) {
    const TempDirectory directory;
    LocalLibrary library(directory.path(), {.small_max_bytes = 1 << 18,
                                            .segment_first_bytes = 1 << 18,
                                            .segment_max_bytes = 1 << 20});
    const std::string body(100'000, 'x');
    std::vector<ObjectId> ids;
    for (int i = 0; i < 40; ++i) {
        StageRequest request;
        request.key = "k";
        request.body = {as_bytes(body)};
        const auto staged = must(async::sync_wait(library.store().stage(std::move(request))));
        ids.push_back(must(library.database().write_and_wait(
            [&](db::Transaction& tx) { return library.store().record(tx, staged); })));
    }
    EXPECT_GE(must(library.store().locate(ids.back())).segment, 4);
    for (int reopened = 0; reopened < 2; ++reopened) {
        for (const auto id : ids) {
            EXPECT_TRUE(library.store().verify(must(library.store().locate(id))));
        }
        library.close();
        library.open();
    }
    for (std::int64_t segment = 1; segment <= 4; ++segment) {
        EXPECT_LE(std::filesystem::file_size(library.segment(segment)), 1U << 20);
    }
}

TEST(LocalStore, CountsTheDeadBytesOfEachSegment) {
    const TempDirectory directory;
    LocalLibrary library(directory.path());
    StageRequest request;
    request.key = "12345678";
    request.body = {as_bytes(std::string_view("0123456789"))};
    const auto staged = must(async::sync_wait(library.store().stage(std::move(request))));
    must(library.database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
        TRY(const auto id, library.store().record(tx, staged));
        return library.store().remove(tx, id);
    }));
    // 64 bytes of header, 8 of key, 10 of body: docs/formats/segment.md.
    EXPECT_EQ(db::testing::count(library.database(),
                                 "SELECT dead_bytes FROM object_segments WHERE segment = 1"),
              82);
}

TEST(LocalStore, MakesSegmentsWholeAndEachTwiceAsLargeAsTheLast) {
    const TempDirectory directory;
    LocalLibrary library(directory.path());
    const std::string body(1 << 20, 'x');
    for (int i = 0; i < 8; ++i) {
        StageRequest request;
        request.key = "k";
        request.body = {as_bytes(body)};
        must(async::sync_wait(library.store().stage(std::move(request))));
    }
    library.close();
    // The first was full after three objects of 1 MiB and their headers, and was cut when
    // sealed.
    EXPECT_LE(std::filesystem::file_size(library.segment(1)), 4U << 20);
    EXPECT_EQ(std::filesystem::file_size(library.segment(2)), 8U << 20);
}

TEST(LocalStore, StagesMoreThanASegmentHoldsWithOneHandOver) {
    const TempDirectory directory;
    LocalLibrary library(directory.path(), {.small_max_bytes = 1 << 18,
                                            .segment_first_bytes = 1 << 18,
                                            .segment_max_bytes = 1 << 20});
    const std::string body(200'000, 'x');
    std::vector<StageRequest> requests(50);
    for (auto& request : requests) {
        request.key = "k";
        request.body = {as_bytes(body)};
    }
    const auto staged = must(async::sync_wait(library.store().stage_all(std::move(requests))));
    ASSERT_EQ(staged.size(), 50U);
    for (const auto& one : staged) EXPECT_TRUE(library.store().verify(one.location));
    EXPECT_GE(staged.back().location.segment, 10);
}

}  // namespace
}  // namespace larmor::objects
