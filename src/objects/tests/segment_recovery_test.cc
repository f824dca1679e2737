#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "async/sync_wait.h"
#include "objects/tests/local_library.h"

namespace larmor::objects {
namespace {

using db::testing::TempDirectory;
using testing::LocalLibrary;
using testing::must;

StagedObject stage(LocalLibrary& library, std::string_view body) {
    StageRequest request;
    request.key = "k";
    request.body = {as_bytes(body)};
    return must(async::sync_wait(library.store().stage(std::move(request))));
}

ObjectId put(LocalLibrary& library, std::string_view body) {
    const auto staged = stage(library, body);
    return must(library.database().write_and_wait(
        [&](db::Transaction& tx) { return library.store().record(tx, staged); }));
}

std::string text_of(LocalLibrary& library, ObjectId id) {
    return to_string(Bytes(must(library.store().read_all(id, 1 << 20))));
}

/// Runs `f` in a process of its own, which kills itself at its end as `kill -9` would.
template <typename F>
void run_and_kill(F f) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
        f();
        ::kill(::getpid(), SIGKILL);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child ended on its own, with " << status;
}

TEST(SegmentRecovery, KilledBetweenStageAndRecordLeavesDeadSpaceOnly) {
    const TempDirectory directory;
    run_and_kill([&] {
        LocalLibrary library(directory.path());
        put(library, "recorded");
        stage(library, "staged, never recorded");
        ::kill(::getpid(), SIGKILL);
    });
    LocalLibrary library(directory.path());
    EXPECT_EQ(db::testing::count(library.database(), "SELECT count(*) FROM objects"), 1);
    EXPECT_EQ(text_of(library, ObjectId{1}), "recorded");

    const auto after = put(library, "after the crash");
    EXPECT_EQ(text_of(library, after), "after the crash");
    // Header page, a page for the recorded one, a page for the staged one.
    EXPECT_EQ(must(library.store().locate(after)).record_offset, 3U * 4096);
    EXPECT_EQ(must(library.store().locate(after)).segment, 1);
}

TEST(SegmentRecovery, WritesOverATornTailAndKeepsWhatWasRecorded) {
    const TempDirectory directory;
    LocalLibrary library(directory.path());
    const auto good = put(library, std::string(10'000, 'g'));
    const auto torn = stage(library, std::string(10'000, 't')).location;
    library.close();
    {
        // Half of the last record never reached the disk.
        std::fstream file(library.segment(1), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(torn.record_offset + 5000));
        file << std::string(6000, '\0');
    }
    library.open();
    EXPECT_EQ(text_of(library, good), std::string(10'000, 'g'));
    const auto after = put(library, std::string(100, 'a'));
    EXPECT_EQ(must(library.store().locate(after)).record_offset, torn.record_offset);
    EXPECT_EQ(text_of(library, after), std::string(100, 'a'));
}

TEST(SegmentRecovery, RottenBytesAreCorruptWithTheirPlace) {
    const TempDirectory directory;
    LocalLibrary library(directory.path());
    const auto id = put(library, std::string(10'000, 'g'));
    const auto location = must(library.store().locate(id));
    {
        std::fstream file(library.segment(1), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(location.record_offset + 500));
        file << 'X';
    }
    const auto verified = library.store().verify(location);
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().code, ErrorCode::Corrupt);
    EXPECT_NE(verified.error().message.find("segment 1 at byte 4096"), std::string::npos)
        << verified.error().message;
}

TEST(SegmentRecovery, RefusesAStoreWhoseSegmentIsMissingOrForeign) {
    const TempDirectory directory;
    LocalLibrary library(directory.path());
    put(library, "x");
    library.close();
    const auto segment = library.segment(1);
    const auto aside = segment.string() + ".aside";
    std::filesystem::rename(segment, aside);
    library.open_database_only();
    EXPECT_EQ(library.try_open_store().error().code, ErrorCode::Corrupt);

    const TempDirectory other_directory;
    LocalLibrary other(other_directory.path());
    put(other, "y");
    other.close();
    std::filesystem::copy_file(other.segment(1), segment);
    const auto foreign = library.try_open_store();
    ASSERT_FALSE(foreign);
    EXPECT_EQ(foreign.error().code, ErrorCode::Corrupt);
    EXPECT_NE(foreign.error().message.find("another store"), std::string::npos);

    std::filesystem::rename(aside, segment);
    EXPECT_TRUE(library.try_open_store());
}

TEST(SegmentRecovery, GoesOnWhenItWasKilledBetweenTheRowOfASegmentAndItsFile) {
    const TempDirectory directory;
    run_and_kill([&] {
        LocalLibrary library(directory.path());
        must(library.database().write_and_wait([](db::Transaction& tx) -> Result<void> {
            TRY_VOID(tx.run("INSERT INTO object_segments (segment, created) VALUES (1, 0)"));
            return {};
        }));
    });
    LocalLibrary library(directory.path());
    EXPECT_EQ(text_of(library, put(library, "x")), "x");
}

}  // namespace
}  // namespace larmor::objects
