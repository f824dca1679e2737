#include "base/bounded_cache.h"

#include <gtest/gtest.h>

namespace larmor {
namespace {

using Cache = BoundedCache<int>;

void remember(Cache& cache, const std::string& key, std::size_t size_bytes = 1) {
    cache.remember(key, std::make_shared<const int>(1), size_bytes, cache.generation());
}

TEST(BoundedCache, ForgetsTheOlderHalfByCount) {
    Cache cache({.entries_max = 4, .bytes_max = 100});
    for (const auto* key : {"a", "b", "c", "d", "e"}) remember(cache, key);
    EXPECT_EQ(cache.find("a"), nullptr);
    EXPECT_EQ(cache.find("b"), nullptr);
    for (const auto* key : {"c", "d", "e"}) EXPECT_NE(cache.find(key), nullptr) << key;
}

TEST(BoundedCache, ForgetsTheOlderHalfByBytes) {
    Cache cache({.entries_max = 100, .bytes_max = 20});
    for (const auto* key : {"a", "b", "c"}) remember(cache, key, 5);
    EXPECT_NE(cache.find("a"), nullptr);
    remember(cache, "d", 5);
    EXPECT_NE(cache.find("c"), nullptr);
    EXPECT_NE(cache.find("d"), nullptr);
    remember(cache, "e", 5);
    EXPECT_EQ(cache.find("a"), nullptr);
    remember(cache, "too large", 11);
    EXPECT_EQ(cache.find("too large"), nullptr);
}

TEST(BoundedCache, DoesNotRememberWhatWasReadBeforeAllWasForgotten) {
    Cache cache({.entries_max = 4, .bytes_max = 100});
    remember(cache, "a");
    const auto before = cache.generation();
    cache.forget_all();
    EXPECT_EQ(cache.find("a"), nullptr);
    cache.remember("b", std::make_shared<const int>(1), 1, before);
    EXPECT_EQ(cache.find("b"), nullptr);
    remember(cache, "b");
    EXPECT_NE(cache.find("b"), nullptr);
}

TEST(BoundedCache, ReplacesAValueAndKeepsWhatIsInUse) {
    Cache cache({.entries_max = 4, .bytes_max = 100});
    remember(cache, "a");
    const auto first = cache.find("a");
    cache.remember("a", std::make_shared<const int>(2), 1, cache.generation());
    EXPECT_EQ(*cache.find("a"), 2);
    cache.forget_all();
    EXPECT_EQ(*first, 1);
}

}  // namespace
}  // namespace larmor
