#include "base/memory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>
#include <string_view>

namespace larmor {
namespace {

class MemoryTest : public testing::Test {
protected:
    MemoryTest() {
        std::filesystem::create_directories(groups_ / "service" / "own");
        std::ofstream(groups_ / "of-process") << "0::/service/own\n";
    }
    ~MemoryTest() override { std::filesystem::remove_all(groups_); }

    void set_limit(std::string_view group, std::string_view text) {
        std::ofstream(groups_ / group / "memory.max") << text;
    }
    std::uint64_t usable() const { return usable_memory(groups_, groups_ / "of-process"); }

    const std::filesystem::path groups_ = std::filesystem::path(testing::TempDir()) /
                                          ("memory-groups-" + std::to_string(getpid()));
};

/// As the kernel says it in /proc/meminfo, in KiB.
std::uint64_t memory_of_machine() {
    std::ifstream info("/proc/meminfo");
    std::string name;
    std::uint64_t kib = 0;
    info >> name >> kib;
    return kib << 10;
}

TEST_F(MemoryTest, IsTheMachinesWhereNoGroupLimitsIt) {
    EXPECT_EQ(usable(), memory_of_machine());
    set_limit("service/own", "max\n");
    EXPECT_EQ(usable(), memory_of_machine());
    EXPECT_EQ(usable_memory(groups_, groups_ / "none"), memory_of_machine());
}

TEST_F(MemoryTest, IsWhatTheControlGroupAllowsWhereThatIsLess) {
    set_limit("", "536870912\n");
    EXPECT_EQ(usable(), 536'870'912U);
    set_limit("", "18446744073709551615\n");
    EXPECT_EQ(usable(), memory_of_machine());
}

TEST_F(MemoryTest, IsTheLeastThatTheOwnGroupAndThoseAboveItAllow) {
    set_limit("service/own", "268435456\n");
    EXPECT_EQ(usable(), 268'435'456U);
    set_limit("service", "134217728\n");
    EXPECT_EQ(usable(), 134'217'728U);
}

}  // namespace
}  // namespace larmor
