#include "audit/log.h"

#include <fcntl.h>

#include "async/sync_wait.h"
#include "audit/tests/trail_fixture.h"

namespace larmor::audit {
namespace {

using namespace std::chrono_literals;

class LogTest : public TrailTest {
protected:
    std::unique_ptr<Log> open_log(std::chrono::milliseconds window = 60s) {
        LogOptions options;
        options.trail.folder = folder_;
        options.trail.fail_syncs = &fail_syncs_;
        options.windows.length = window;
        auto log = Log::open(options);
        LARMOR_CHECK(log.has_value());
        return *std::move(log);
    }
    static Entry read_of(std::string series) {
        Entry entry;
        entry.action = Action::Retrieve;
        entry.subject.series = std::move(series);
        return entry;
    }
    std::atomic<bool> fail_syncs_ = false;
};

TEST_F(LogTest, WhatIsOnRecordIsInTheFile) {
    const auto log = open_log();
    ASSERT_TRUE(log->record_and_wait(read_of("1.2")));
    const auto all = records();
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].entry, read_of("1.2"));
    EXPECT_GT(all[0].time, Time{});
}

TEST_F(LogTest, ManyWhoWaitShareASync) {
    {
        const auto log = open_log(0ms);
        std::vector<std::thread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                std::vector<async::Task<Result<void>>> tasks;
                for (int k = 0; k < 100; ++k) tasks.push_back(log->record(read_of("1.2")));
                for (const auto& done : async::sync_wait(async::when_all(std::move(tasks)))) {
                    EXPECT_TRUE(done);
                }
            });
        }
        for (auto& thread : threads) thread.join();
    }
    EXPECT_EQ(records().size(), 800U);
    EXPECT_LT(verify_trail(folder_)->batches, 400U);
}

TEST_F(LogTest, ReadersOfOneSeriesCostOneRecordAndACount) {
    {
        const auto log = open_log();
        for (int i = 0; i < 1000; ++i) {
            ASSERT_TRUE(log->record_and_wait(read_of("1.2")));
        }
        EXPECT_EQ(records().size(), 1U);
        log->note(read_of("1.2"));
    }
    const auto all = records();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[1].repeats, 1000U);
    EXPECT_EQ(all[1].repeats_of, 1U);
}

TEST_F(LogTest, ACountIsWrittenWhenItsWindowCloses) {
    const auto log = open_log(1ms);
    std::vector<Record> all;
    while (all.size() < 2 || all.back().repeats == 0) {
        ASSERT_TRUE(log->record_and_wait(read_of("1.2")));
        all = records();
    }
}

TEST_F(LogTest, WhatCantBeWrittenIsSaid) {
    const auto log = open_log();
    ASSERT_TRUE(log->record_and_wait(read_of("1")));
    fail_syncs_ = true;
    EXPECT_EQ(log->record_and_wait(read_of("2")).error().code, ErrorCode::Unavailable);
    EXPECT_FALSE(log->check_writable());
    EXPECT_FALSE(log->count(read_of("2")));
}

TEST_F(LogTest, WhatIsWrongWithTheTrailIsItsNextRecord) {
    {
        ASSERT_TRUE(open_log()->record_and_wait(read_of("1")));
    }
    replace(path(), content(path()) + "{\"record\":2");
    {
        const auto log = open_log();
    }
    const auto all = records();
    ASSERT_EQ(all.size(), 2U);
    EXPECT_EQ(all[1].entry.action, Action::SecurityAlert);
    EXPECT_THAT(all[1].entry.detail, testing::HasSubstr("was torn"));
}

TEST_F(LogTest, ATrailThatTakesNothingIsSaidAndIsOnRecordLater) {
    // What a full disk does: there is no file yet, and none can be made.
    const auto log = open_log();
    replace(path(), "");
    EXPECT_FALSE(log->record_and_wait(read_of("1")));
    EXPECT_FALSE(log->check_writable());
    std::filesystem::remove(path());
    EXPECT_TRUE(log->record_and_wait(read_of("1")));
    EXPECT_TRUE(log->check_writable());
}

}  // namespace
}  // namespace larmor::audit
