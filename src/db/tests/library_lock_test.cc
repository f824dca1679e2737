#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "db/tests/temp_library.h"

namespace larmor::db {
namespace {

using testing::must;
using testing::TempDirectory;

TEST(LibraryLock, RefusesASecondProcessAndNamesTheFirst) {
    const TempDirectory directory;
    const auto path = directory.path() / "library.db";
    const auto first = must(sqlite::open_sqlite({.path = path}));

    int pipe_ends[2];
    ASSERT_EQ(::pipe(pipe_ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        // Opens the lock only: a forked child may not use the threads of its parent.
        const auto second = sqlite::open_sqlite({.path = path});
        const std::string said = second ? "opened" : second.error().message;
        const bool wrote = ::write(pipe_ends[1], said.data(), said.size()) > 0;
        ::_exit(wrote ? 0 : 1);
    }
    ::close(pipe_ends[1]);
    std::array<char, 1024> text{};
    const auto size = ::read(pipe_ends[0], text.data(), text.size());
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ::close(pipe_ends[0]);

    ASSERT_GT(size, 0);
    const std::string said(text.data(), static_cast<std::size_t>(size));
    EXPECT_NE(said.find("process " + std::to_string(::getpid())), std::string::npos) << said;
}

TEST(LibraryLock, RefusesASecondOpenInTheSameProcess) {
    const TempDirectory directory;
    const auto path = directory.path() / "library.db";
    const auto first = must(sqlite::open_sqlite({.path = path}));
    const auto second = sqlite::open_sqlite({.path = path});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, ErrorCode::Conflict);
}

TEST(LibraryLock, IsFreeAgainWhenTheLibraryWasClosed) {
    const TempDirectory directory;
    const auto path = directory.path() / "library.db";
    must(sqlite::open_sqlite({.path = path})).reset();
    EXPECT_TRUE(sqlite::open_sqlite({.path = path}));
}

TEST(LibraryLock, RefusesNetworkFileSystems) {
    // Source: statfs(2).
    for (const std::int64_t magic : {0x6969LL, 0x517bLL, 0xff534d42LL, 0xfe534d42LL,
                                     0x5346414fLL, 0x73757245LL, 0x00c36400LL, 0x01021997LL}) {
        EXPECT_TRUE(sqlite::is_network_file_system(magic)) << std::hex << magic;
    }
    for (const std::int64_t magic :
         {0xef53LL /*ext4*/, 0x58465342LL /*xfs*/, 0x9123683eLL /*btrfs*/,
          0x01021994LL /*tmpfs*/, 0x794c7630LL /*overlayfs*/}) {
        EXPECT_FALSE(sqlite::is_network_file_system(magic)) << std::hex << magic;
    }
}

TEST(LibraryLock, LeavesADatabaseOfAnotherProgramAlone) {
    const TempDirectory directory;
    const auto path = directory.path() / "library.db";
    std::ofstream(path) << "this is no database, and long enough to be looked at: "
                        << std::string(4096, 'x');
    const auto opened = sqlite::open_sqlite({.path = path});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().code, ErrorCode::Corrupt) << opened.error().message;
}

}  // namespace
}  // namespace larmor::db
