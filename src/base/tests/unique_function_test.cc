#include "base/unique_function.h"

namespace larmor {
namespace {

TEST(UniqueFunction, OwnsWhatCannotBeCopied) {
    UniqueFunction<int(int)> add = [held = std::make_unique<int>(40)](int n) {
        return *held + n;
    };
    auto moved = std::move(add);
    EXPECT_FALSE(add);  // NOLINT(bugprone-use-after-move): what is left is what is asked
    ASSERT_TRUE(moved);
    EXPECT_EQ(moved(2), 42);
}

TEST(UniqueFunction, DestroysSmallAndLargeCallablesOnce) {
    const auto counted = std::make_shared<int>(0);
    {
        UniqueFunction<long()> small = [counted] { return counted.use_count(); };
        UniqueFunction<long()> large = [counted, filler = std::array<char, 200>{}] {
            return counted.use_count() + filler[0];
        };
        EXPECT_EQ(large(), 3);
        small = std::move(large);
        EXPECT_EQ(small(), 2);
        small = nullptr;
        EXPECT_EQ(counted.use_count(), 1);
    }
    EXPECT_EQ(counted.use_count(), 1);
}

}  // namespace
}  // namespace larmor
