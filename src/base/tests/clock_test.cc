#include "base/clock.h"

#include <gtest/gtest.h>

#include <ctime>

namespace larmor {
namespace {

using namespace std::chrono_literals;

TEST(Clock, UptimeIsTheOneThatTheKernelCounts) {
    std::timespec before{};
    ASSERT_EQ(::clock_gettime(CLOCK_BOOTTIME, &before), 0);
    const auto uptime = system_clock().uptime();
    std::timespec after{};
    ASSERT_EQ(::clock_gettime(CLOCK_BOOTTIME, &after), 0);
    EXPECT_GE(uptime, std::chrono::seconds(before.tv_sec));
    EXPECT_LE(uptime, std::chrono::seconds(after.tv_sec + 1));
}

TEST(SteadyClock, GoesOnFromItsStartWhateverTheWallClockDoes) {
    ManualClock wall(Time(std::chrono::days(20'000)));
    const SteadyClock steady(wall);
    wall.jump(24h * 3650);
    EXPECT_EQ(steady.now(), Time(std::chrono::days(20'000)));
    wall.advance(90s);
    EXPECT_EQ(steady.now(), Time(std::chrono::days(20'000)) + 90s);
    EXPECT_EQ(wall.now(), Time(std::chrono::days(23'650)) + 90s);
}

}  // namespace
}  // namespace larmor
