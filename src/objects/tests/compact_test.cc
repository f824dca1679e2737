#include "objects/local/compact.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <map>

#include "async/sync_wait.h"
#include "objects/local/check.h"
#include "objects/local/removal_hold.h"
#include "objects/tests/local_library.h"

namespace larmor::objects {
namespace {

using db::testing::TempDirectory;
using testing::LocalLibrary;
using testing::must;

constexpr std::size_t kObjects = 400;

struct Steps final : local::CompactObserver {
    std::function<bool(int)> at = [](int) { return true; };
    int count = 0;
    std::vector<std::string> places;
    bool step(const local::CompactSummary& /*so_far*/) override { return at(++count); }
    void damaged(const std::string& where, const std::string& /*what*/) override {
        places.push_back(where);
    }
};

/// Segments of about a megabyte.
local::LocalStoreOptions small_segments() {
    return {.small_max_bytes = 64 << 10,
            .segment_first_bytes = 256 << 10,
            .segment_max_bytes = 256 << 10,
            .group_max_bytes = 128 << 10};
}

std::string body_of(std::size_t number) {
    std::string body(10'000 + number, static_cast<char>('a' + number % 26));
    return body + std::to_string(number);
}

/// What lives: four of five were removed.
using Living = std::map<ObjectId, std::string>;

Living fill(LocalLibrary& library) {
    Living living;
    for (std::size_t i = 0; i < kObjects; ++i) {
        const std::string body = body_of(i);
        StageRequest request;
        request.key = "a/" + std::to_string(i);
        request.body.push_back(as_bytes(body));
        const auto staged = must(async::sync_wait(library.store().stage(std::move(request))));
        const auto id = must(library.database().write_and_wait(
            [&](db::Transaction& tx) { return library.store().record(tx, staged); }));
        living.emplace(id, body);
    }
    for (auto one = living.begin(); one != living.end();) {
        if (to_int64(one->first) % 5 == 0) {
            ++one;
            continue;
        }
        must(library.database().write_and_wait(
            [&](db::Transaction& tx) { return library.store().remove(tx, one->first); }));
        one = living.erase(one);
    }
    return living;
}

void expect_all(LocalLibrary& library, const Living& living) {
    EXPECT_EQ(db::testing::count(library.database(), "SELECT count(*) FROM objects"),
              static_cast<std::int64_t>(living.size()));
    for (const auto& [id, body] : living) {
        const auto location = must(library.store().locate(id));
        EXPECT_TRUE(library.store().verify(location));
        EXPECT_EQ(to_string(must(library.store().read_all(id, 1 << 20))), body);
    }
}

std::uint64_t bytes_of_segments(LocalLibrary& library) {
    std::uint64_t bytes = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(library.objects() / "segments")) {
        bytes += entry.file_size();
    }
    return bytes;
}

Result<local::CompactSummary> compact(LocalLibrary& library, Steps& steps,
                                      double dead_min = 0.25) {
    return local::compact(library.database(), library.store(), library.objects(), dead_min,
                          steps);
}

TEST(Compact, MovesWhatLivesAndGivesTheRoomBack) {
    const TempDirectory directory;
    LocalLibrary library(directory.path(), small_segments());
    const Living living = fill(library);
    const auto before = bytes_of_segments(library);
    Steps steps;
    const auto done = compact(library, steps);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_GT(done->segments_removed, 10U);
    EXPECT_LT(bytes_of_segments(library), before / 2);
    expect_all(library, living);
    library.close();
    library.open();
    expect_all(library, living);
    // What comes later lies behind what was moved.
    const Living more = fill(library);
    library.close();
    library.open();
    Living both = living;
    both.insert(more.begin(), more.end());
    expect_all(library, both);
    Steps again;
    ASSERT_TRUE(compact(library, again));
    expect_all(library, both);
}

TEST(Compact, LeavesSegmentsWithLittleDeadSpace) {
    const TempDirectory directory;
    LocalLibrary library(directory.path(), small_segments());
    const Living living = fill(library);
    Steps steps;
    const auto done = compact(library, steps, 0.99);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->objects_moved, 0U);
    expect_all(library, living);
}

TEST(Compact, WaitsForNoBackup) {
    const TempDirectory directory;
    LocalLibrary library(directory.path(), small_segments());
    const Living living = fill(library);
    const auto hold = must(local::RemovalHold::take_shared(library.objects() / "files"));
    Steps steps;
    const auto refused = compact(library, steps);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::Conflict);
    EXPECT_EQ(steps.count, 0);
    expect_all(library, living);
}

TEST(Compact, LeavesADamagedSegmentAsItIs) {
    const TempDirectory directory;
    LocalLibrary library(directory.path(), small_segments());
    const Living living = fill(library);
    const auto location = must(library.store().locate(living.begin()->first));
    {
        const auto file = must(open_file(library.segment(location.segment), O_RDWR));
        must(write_at(file, location.record_offset + location.head_bytes + 5,
                      as_bytes(std::string_view("X"))));
    }
    Steps steps;
    const auto done = compact(library, steps);
    ASSERT_TRUE(done) << done.error().message;
    EXPECT_EQ(done->segments_damaged, 1U);
    ASSERT_EQ(steps.places.size(), 1U);
    EXPECT_EQ(steps.places[0], place_of(location));
    EXPECT_TRUE(std::filesystem::exists(library.segment(location.segment)));
}

/// kill -9 after each step in turn, until one run is through.
TEST(Compact, KilledAfterAnyStepEverythingIsWhereItsRowSays) {
    const TempDirectory directory;
    Living living;
    {
        LocalLibrary library(directory.path(), small_segments());
        living = fill(library);
    }
    bool done = false;
    int kills = 0;
    for (int after = 1; !done; after = after % 4 + 1) {
        const pid_t child = ::fork();
        if (child == 0) {
            LocalLibrary library(directory.path(), small_segments());
            Steps steps;
            steps.at = [&](int step) {
                if (step == after) ::kill(::getpid(), SIGKILL);
                return true;
            };
            ::_exit(compact(library, steps) ? 0 : 1);
        }
        int status = 0;
        ASSERT_EQ(::waitpid(child, &status, 0), child);
        ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
        done = !WIFSIGNALED(status);
        kills += done ? 0 : 1;
        LocalLibrary library(directory.path(), small_segments());
        expect_all(library, living);
        ASSERT_LT(kills, 500);
    }
    EXPECT_GT(kills, 20);
    LocalLibrary library(directory.path(), small_segments());
    for (const auto& entry :
         std::filesystem::directory_iterator(library.objects() / "segments")) {
        const auto number = std::stoll(entry.path().stem().string());
        EXPECT_EQ(db::testing::count(library.database(),
                                     "SELECT count(*) FROM object_segments WHERE segment = " +
                                         std::to_string(number)),
                  1)
            << entry.path() << " is left over";
    }
}

}  // namespace
}  // namespace larmor::objects
