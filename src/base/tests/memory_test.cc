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
    MemoryTest() { std::filesystem::create_directories(group_); }
    ~MemoryTest() override { std::filesystem::remove_all(group_); }

    void set_limit(std::string_view text) { std::ofstream(group_ / "memory.max") << text; }

    const std::filesystem::path group_ = std::filesystem::path(testing::TempDir()) /
                                         ("memory-group-" + std::to_string(getpid()));
};

/// As the kernel says it in /proc/meminfo, in KiB.
std::uint64_t memory_of_machine() {
    std::ifstream info("/proc/meminfo");
    std::string name;
    std::uint64_t kib = 0;
    info >> name >> kib;
    return kib << 10;
}

TEST_F(MemoryTest, is_the_machines_where_no_group_limits_it) {
    EXPECT_EQ(usable_memory(group_), memory_of_machine());
    set_limit("max\n");
    EXPECT_EQ(usable_memory(group_), memory_of_machine());
}

TEST_F(MemoryTest, is_what_the_control_group_allows_where_that_is_less) {
    set_limit("536870912\n");
    EXPECT_EQ(usable_memory(group_), 536'870'912U);
    set_limit("18446744073709551615\n");
    EXPECT_EQ(usable_memory(group_), memory_of_machine());
}

}  // namespace
}  // namespace larmor
