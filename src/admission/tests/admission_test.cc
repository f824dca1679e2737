#include "admission/admission.h"

#include <gtest/gtest.h>
#include <sys/statvfs.h>

#include <thread>
#include <vector>

namespace larmor::admission {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMiB = 1 << 20;

/// A disk of 10,000 bytes that the test fills and empties, of which 1,000 are reserved.
struct AdmissionTest : testing::Test {
    std::atomic<std::uint64_t> free_bytes{10'000};
    std::atomic<bool> readable{true};
    std::atomic<int> readings{0};

    ReadDisk disk() {
        return [this]() -> Result<DiskSpace> {
            ++readings;
            if (!readable) return fail(ErrorCode::Unavailable, "the disk went away");
            return DiskSpace{free_bytes, 10'000};
        };
    }
    /// Reads the disk once and then only before it refuses.
    Admission admission{{.read_disk = disk(), .reserve_bytes = 1'000, .reading_max_age = 1h}};

    static ErrorCode code_of(const Result<void>& result) {
        EXPECT_FALSE(result);
        return result ? ErrorCode::Corrupt : result.error().code;
    }
};

TEST(Reserve, IsFivePercentBetween64MiBAnd1GiB) {
    EXPECT_EQ(default_reserve(0), 64 * kMiB);
    EXPECT_EQ(default_reserve(100 * kMiB), 64 * kMiB);
    EXPECT_EQ(default_reserve(2'000 * kMiB), 100 * kMiB);
    EXPECT_EQ(default_reserve(1'000'000 * kMiB), 1'024 * kMiB);
}

TEST(Disk, IsReadAsStatvfsHasIt) {
    struct statvfs status{};
    ASSERT_EQ(::statvfs("/proc/self", &status), 0);
    const auto space = disk_of("/proc/self")();
    ASSERT_TRUE(space) << space.error().message;
    EXPECT_EQ(space->total_bytes, status.f_blocks * status.f_frsize);
    EXPECT_FALSE(disk_of("/proc/self/there-is-no-such-folder")());
}

TEST_F(AdmissionTest, TakesWhatLeavesTheReserve) {
    EXPECT_TRUE(admission.admit(9'000));
    EXPECT_FALSE(Admission({.read_disk = disk(), .reserve_bytes = 1'000}).admit(9'001));
}

TEST_F(AdmissionTest, WhatWasAdmittedCountsUntilTheDiskIsReadAgain) {
    ASSERT_TRUE(admission.admit(5'000));
    EXPECT_EQ(admission.spare_bytes(), 4'000U);
    EXPECT_TRUE(admission.check(4'000)) << "a question counts nothing";
    ASSERT_TRUE(admission.admit(4'000));
    EXPECT_EQ(admission.spare_bytes(), 0U);
    EXPECT_EQ(readings, 1);
    // Written by now, and the disk says so.
    free_bytes = 1'000;
    EXPECT_EQ(code_of(admission.admit(1)), ErrorCode::NoSpace);
    EXPECT_EQ(readings, 2);
}

TEST_F(AdmissionTest, RefusesOnlyByANewReading) {
    free_bytes = 500;
    EXPECT_EQ(code_of(admission.admit(1)), ErrorCode::NoSpace);
    free_bytes = 10'000;  // somebody made room, and the old reading would serve for an hour
    EXPECT_TRUE(admission.admit(1));
}

TEST_F(AdmissionTest, BelowTheMarkNothingIsTakenNotEvenNothing) {
    free_bytes = 999;
    EXPECT_EQ(code_of(admission.admit(0)), ErrorCode::NoSpace);
    EXPECT_EQ(admission.spare_bytes(), 0U);
    const auto state = admission.state();
    ASSERT_TRUE(state.below_mark);
    EXPECT_EQ(state.below_mark->code, ErrorCode::NoSpace);
    EXPECT_NE(state.below_mark->message.find("999"), std::string::npos);
    EXPECT_NE(state.below_mark->message.find("1000"), std::string::npos);
    EXPECT_TRUE(admission.allow_change()) << "deletes go on";
    free_bytes = 1'000;
    EXPECT_TRUE(admission.admit(0));
}

TEST_F(AdmissionTest, ADiskThatCantBeReadTakesNothing) {
    readable = false;
    EXPECT_EQ(code_of(admission.admit(1)), ErrorCode::Unavailable);
    EXPECT_EQ(admission.spare_bytes(), 0U);
    EXPECT_TRUE(admission.state().below_mark);
    readable = true;
    EXPECT_TRUE(admission.admit(1));
}

TEST_F(AdmissionTest, ReadOnlyRefusesChangesAndSaysWhy) {
    admission.set_read_only({Cause::Switch, "--read-only was given"});
    for (const auto& refused :
         {admission.admit(1), admission.check(1), admission.allow_change()}) {
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().code, ErrorCode::NoSpace);
        EXPECT_NE(refused.error().message.find("--read-only was given"), std::string::npos);
    }
}

TEST_F(AdmissionTest, AFailureOutweighsTheSwitchAndTheFirstOneStays) {
    admission.set_read_only({Cause::Failure, "first"});
    admission.set_read_only({Cause::Failure, "second"});
    admission.set_read_only({Cause::Switch, "switch"});
    EXPECT_EQ(admission.state().read_only->reason, "first");

    Admission other({.read_disk = disk(), .reserve_bytes = 0});
    other.set_read_only({Cause::Switch, "switch"});
    other.set_read_only({Cause::Failure, "a sync failed"});
    EXPECT_EQ(other.state().read_only->cause, Cause::Failure);
}

TEST_F(AdmissionTest, ManyAtOnceTakeNoMoreThanThereIs) {
    std::atomic<int> taken{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            for (int n = 0; n < 1'000; ++n) {
                if (admission.admit(10)) {
                    ++taken;
                    free_bytes -= 10;
                }
            }
        });
    }
    threads.clear();
    EXPECT_EQ(free_bytes, 10'000U - static_cast<unsigned>(taken) * 10U);
    EXPECT_LE(free_bytes, 1'000U);
    // Of each other thread one may be between its leave and its write when the disk is read.
    EXPECT_GE(free_bytes, 970U);
}

}  // namespace
}  // namespace larmor::admission
