#include "db/postgres/notify_channel.h"

#include <gtest/gtest.h>

#include "db/tests/postgres_server.h"

namespace larmor::db::postgres {
namespace {

using namespace std::chrono_literals;

/// What one process was told, by key.
class Heard {
public:
    void add(std::string_view key, std::int64_t count) {
        const std::lock_guard lock(mutex_);
        counts_[std::string(key)] += count;
        ++notices_;
        changed_.notify_all();
    }
    NotifyChannel::Notice notice() {
        return [this](std::string_view key, std::int64_t count) { add(key, count); };
    }
    /// False after a minute without it.
    bool await(const std::string& key, std::int64_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(
            lock, 1min, [&] { return counts_.contains(key) && counts_[key] >= count; });
    }
    std::int64_t count(const std::string& key) {
        const std::lock_guard lock(mutex_);
        return counts_[key];
    }
    int notices() {
        const std::lock_guard lock(mutex_);
        return notices_;
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, std::int64_t> counts_;
    int notices_ = 0;
};

TEST(NotifyChannelTest, WhatIsToldOfAQueueInAShortTimeIsOneNotification) {
    auto* const server = testing::PostgresServer::shared();
    if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed";
    const std::string url = server->make_library();
    Heard here;
    Heard there;
    const NotifyChannel listener({.url = url}, there.notice());
    NotifyChannel teller({.url = url, .at_most_every = 300ms}, here.notice());
    // Each is told of its connection.
    ASSERT_TRUE(here.await("", 0));
    ASSERT_TRUE(there.await("", 0));

    const auto began = std::chrono::steady_clock::now();
    for (int i = 0; i < 1000; ++i) {
        teller.tell("work", 1);
        teller.tell("index", 2);
    }

    EXPECT_TRUE(there.await("work", 1000));
    EXPECT_TRUE(there.await("index", 2000));
    EXPECT_EQ(there.count("work"), 1000);
    EXPECT_EQ(there.count("index"), 2000);
    // One at once, one each time that the time is over, for each of both: a busy machine may
    // take long over a thousand calls.
    const auto rounds = 2 + (std::chrono::steady_clock::now() - began) / 300ms;
    EXPECT_LE(listener.stats().received, 2 * static_cast<std::uint64_t>(rounds));
    EXPECT_EQ(here.notices(), 1) << "nobody is told what it told itself";
}

}  // namespace
}  // namespace larmor::db::postgres
