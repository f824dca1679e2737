#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "async/sync_wait.h"
#include "objects/tests/local_library.h"

namespace larmor::objects {
namespace {

using db::testing::TempDirectory;
using testing::LocalLibrary;
using testing::must;

int files_below(const std::filesystem::path& directory) {
    int count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        if (entry.is_regular_file()) ++count;
    }
    return count;
}

enum class KillAt { AfterBegin, AfterWrite, AfterFinish, AfterRecord };

class UploadKilled : public ::testing::TestWithParam<KillAt> {};

TEST_P(UploadKilled, LeavesAWholeObjectOrNothing) {
    const TempDirectory directory;
    const pid_t child = ::fork();
    if (child == 0) {
        LocalLibrary library(directory.path());
        const auto die_at = [](KillAt here) {
            if (GetParam() == here) ::kill(::getpid(), SIGKILL);
        };
        auto upload = must(library.store().begin_upload("a/b/large.bin"));
        die_at(KillAt::AfterBegin);
        must(upload->write(as_bytes(std::string(1 << 20, 'x'))));
        die_at(KillAt::AfterWrite);
        const auto staged = must(upload->finish([](const Sha256&) { return "a/c/named.bin"; }));
        die_at(KillAt::AfterFinish);
        must(library.database().write_and_wait(
            [&](db::Transaction& tx) { return library.store().record(tx, staged); }));
        die_at(KillAt::AfterRecord);
        ::_exit(1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status));

    LocalLibrary library(directory.path());
    const bool recorded = GetParam() == KillAt::AfterRecord;
    EXPECT_EQ(files_below(library.objects() / "incoming"), 0);
    EXPECT_EQ(files_below(library.objects() / "files"), recorded ? 1 : 0);
    EXPECT_EQ(db::testing::count(library.database(), "SELECT count(*) FROM objects"),
              recorded ? 1 : 0);
    EXPECT_EQ(db::testing::count(library.database(), "SELECT count(*) FROM object_intents"), 0);
    if (recorded) {
        EXPECT_TRUE(library.store().verify(must(library.store().locate(ObjectId{1}))));
    }
}

INSTANTIATE_TEST_SUITE_P(At, UploadKilled,
                         ::testing::Values(KillAt::AfterBegin, KillAt::AfterWrite,
                                           KillAt::AfterFinish, KillAt::AfterRecord),
                         [](const auto& param) { return std::to_string(int(param.param)); });

TEST(Upload, DroppedWithoutFinishLeavesNothing) {
    const TempDirectory directory;
    LocalLibrary library(directory.path());
    {
        auto upload = must(library.store().begin_upload("dropped"));
        must(upload->write(as_bytes(std::string_view("x"))));
        EXPECT_EQ(files_below(library.objects() / "incoming"), 1);
    }
    EXPECT_EQ(files_below(library.objects() / "incoming"), 0);
    EXPECT_EQ(db::testing::count(library.database(), "SELECT count(*) FROM object_intents"), 0);
}

TEST(Upload, RemovesARottenFileNeverButSaysCorrupt) {
    const TempDirectory directory;
    LocalLibrary library(directory.path());
    auto upload = must(library.store().begin_upload("rot"));
    must(upload->write(as_bytes(std::string_view("0123456789"))));
    const auto staged = must(upload->finish());
    const auto id = must(library.database().write_and_wait(
        [&](db::Transaction& tx) { return library.store().record(tx, staged); }));
    {
        const auto file = must(open_file(library.objects() / "files" / "rot", O_RDWR));
        must(write_at(file, 4, as_bytes(std::string_view("X"))));
    }
    EXPECT_EQ(library.store().verify(must(library.store().locate(id))).error().code,
              ErrorCode::Corrupt);
    EXPECT_EQ(files_below(library.objects() / "files"), 1);
}

TEST(Upload, AFailedSyncStopsTheWholeStore) {
    const TempDirectory directory;
    std::atomic<bool> fail_syncs = false;
    LocalLibrary library(directory.path(), {.fail_syncs = &fail_syncs});
    auto lost = must(library.store().begin_upload("lost"));
    must(lost->write(as_bytes(std::string_view("0123456789"))));
    fail_syncs = true;
    const auto finished = lost->finish();
    ASSERT_FALSE(finished);
    EXPECT_EQ(finished.error().code, ErrorCode::NoSpace);
    fail_syncs = false;
    const auto next = library.store().begin_upload("next");
    ASSERT_FALSE(next);
    EXPECT_EQ(next.error().code, ErrorCode::NoSpace);
    EXPECT_NE(next.error().message.find("read-only"), std::string::npos);
    const std::string body = "small";
    StageRequest request{.key = "small", .body = {as_bytes(body)}, .owner = {}, .sha256 = {}};
    const auto small = async::sync_wait(library.store().stage(std::move(request)));
    ASSERT_FALSE(small);
    EXPECT_EQ(small.error().code, ErrorCode::NoSpace);
}

TEST(Upload, NoClockThatIsSetEndsItsGracePeriod) {
    using namespace std::chrono_literals;
    const TempDirectory directory;
    ManualClock clock(Time(std::chrono::days(20'000)));
    LocalLibrary library(directory.path(), {.grace = 1h, .clock = &clock});
    auto upload = must(library.store().begin_upload("slow"));
    must(upload->write(as_bytes(std::string_view("0123456789"))));
    for (const auto by : {24h * 3650, -24h * 7300}) {
        clock.jump(by);
        EXPECT_EQ(must(library.store().collect_garbage()), 0U);
    }
    const auto staged = must(upload->finish());
    const auto id = must(library.database().write_and_wait(
        [&](db::Transaction& tx) { return library.store().record(tx, staged); }));
    EXPECT_TRUE(library.store().verify(must(library.store().locate(id))));

    // Removed while the clock is ten years ahead; whoever reads it still may for an hour.
    clock.jump(24h * 3650);
    must(library.database().write_and_wait(
        [&](db::Transaction& tx) { return library.store().remove(tx, id); }));
    EXPECT_EQ(must(library.store().collect_garbage()), 0U);
    clock.jump(-24h * 3650);
    library.close();
    library.open();
    EXPECT_EQ(must(library.store().collect_garbage()), 0U);
    clock.advance(1h);
    EXPECT_EQ(must(library.store().collect_garbage()), 10U) << "not in ten years";
}

}  // namespace
}  // namespace larmor::objects
