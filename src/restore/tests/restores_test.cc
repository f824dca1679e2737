// Against a real S3 server behind a proxy that refuses objects of a cold tier until they are
// restored.
#include "restore/restores.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "objects/tests/s3_server.h"

namespace larmor::restore {
namespace {

using namespace std::chrono_literals;
using objects::s3::Client;
using objects::testing::FaultProxy;
using objects::testing::S3Server;

bool never() {
    return false;
}

class RestoresTest : public ::testing::Test {
protected:
    void SetUp() override {
        S3Server* const server = S3Server::shared();
        if (server == nullptr) GTEST_SKIP() << "no S3 server is installed";
        static FaultProxy proxy(server->endpoint());  // of all these tests
        proxy_ = &proxy;
        proxy_->clear();
        auto options = server->make_bucket(proxy_->url());
        options.retry.attempts_max = 2;
        prefix_ = '/' + options.bucket + "/cold/";
        client_ = *Client::open(options);
    }
    /// In this group, with this number.
    ColdObject store(unsigned group, std::uint32_t number) {
        const auto name = "cold/" + std::to_string(group) + '-' + std::to_string(number);
        const auto stored = client_->put(name, as_bytes(name), {});
        EXPECT_TRUE(stored) << stored.error().message;
        return {client_, name, name.size(), group, number};
    }
    Options options() const { return {.poll_interval = 50ms}; }
    void expect_readable(const ColdObject& object) {
        const auto bytes = client_->get_all(object.name, {}, 1 << 10);
        EXPECT_TRUE(bytes) << bytes.error().message;
    }

    /// The number of what comes next; kNone where nothing does.
    static std::int64_t next(Restores& restores, unsigned group) {
        const auto taken = restores.take(group, never);
        EXPECT_TRUE(taken) << taken.error().message;
        return taken && *taken ? std::int64_t{**taken} : kNone;
    }
    static constexpr std::int64_t kNone = -1;

    FaultProxy* proxy_ = nullptr;
    std::string prefix_;
    std::shared_ptr<Client> client_;
    Progress progress_;
};

TEST_F(RestoresTest, GivesEachObjectOfAGroupOnceWhenItCanBeRead) {
    const std::vector objects{store(0, 7), store(0, 8), store(1, 7)};
    proxy_->cold(prefix_, 0.2);
    ASSERT_EQ(find_unreadable(objects)->size(), 3U);
    Restores restores(objects, options(), progress_);

    std::set<std::int64_t> taken;
    for (int i = 0; i < 2; ++i) {
        const auto number = next(restores, 0);
        ASSERT_NE(number, kNone);
        taken.insert(number);
        expect_readable(objects[static_cast<std::size_t>(number - 7)]);
    }
    EXPECT_EQ(taken, (std::set<std::int64_t>{7, 8}));
    EXPECT_EQ(next(restores, 0), kNone);
    EXPECT_EQ(next(restores, 1), 7);
    EXPECT_EQ(next(restores, 2), kNone) << "there is no such group";
    EXPECT_EQ(progress_.objects, 3U);
    EXPECT_EQ(progress_.restored, 3U);
    EXPECT_EQ(progress_.restored_bytes, progress_.bytes);
    EXPECT_TRUE(find_unreadable(objects)->empty());
}

TEST_F(RestoresTest, GivesEachObjectToOneOfManyWhoWait) {
    constexpr std::uint32_t kObjects = 40, kWaiting = 8;
    std::vector<ColdObject> objects;
    for (std::uint32_t i = 0; i < kObjects; ++i) objects.push_back(store(i % 2, i));
    proxy_->cold(prefix_, 0.2);
    Restores restores(objects, options(), progress_);

    std::mutex mutex;
    std::multiset<std::int64_t> taken;
    std::vector<std::thread> waiting;
    for (std::uint32_t i = 0; i < kWaiting; ++i) {
        waiting.emplace_back([&, i] {
            for (;;) {
                const auto number = next(restores, i % 2);
                if (number == kNone) return;
                EXPECT_EQ(number % 2, i % 2);
                const std::scoped_lock lock(mutex);
                taken.insert(number);
            }
        });
    }
    for (auto& thread : waiting) thread.join();

    EXPECT_EQ(taken.size(), kObjects);
    for (std::uint32_t i = 0; i < kObjects; ++i) EXPECT_EQ(taken.count(i), 1U) << i;
}

TEST_F(RestoresTest, GoesOnWithWhatWasAskedForBefore) {
    const std::vector objects{store(0, 1), store(0, 2)};
    proxy_->cold(prefix_, 0.3);
    // As a process that was killed, once while it waited and once when it had it.
    ASSERT_TRUE(client_->request_restore(objects[0].name, 1, Options().tier));
    {
        const Restores killed(objects, options(), progress_);
    }
    Restores restores(objects, options(), progress_);
    EXPECT_NE(next(restores, 0), kNone);
    EXPECT_NE(next(restores, 0), kNone);

    Restores again(objects, options(), progress_);
    EXPECT_NE(next(again, 0), kNone);
}

TEST_F(RestoresTest, KeepsACopyWhoseTimeIsNearlyUpUntilItIsTaken) {
    const std::vector objects{store(0, 1), store(1, 2)};
    proxy_->cold(prefix_, 0, 1);
    Restores restores(objects, options(), progress_);
    ASSERT_EQ(next(restores, 0), 1);

    // Longer than a copy lasts: what was taken is cold again.
    while (client_->head(objects[0].name)->is_readable()) std::this_thread::yield();

    ASSERT_EQ(next(restores, 1), 2);
    expect_readable(objects[1]);
}

TEST_F(RestoresTest, AsksAgainForWhatIsColdAgainWhenItIsTaken) {
    const std::vector objects{store(0, 1)};
    proxy_->cold(prefix_, 0, 30);
    auto seldom = options();
    seldom.poll_interval = 400ms;
    Restores restores(objects, seldom, progress_);
    while (progress_.restored == 0) std::this_thread::yield();
    proxy_->cold(prefix_, 0.1);  // forgets all restores

    ASSERT_EQ(next(restores, 0), 1);
    expect_readable(objects[0]);
    EXPECT_EQ(progress_.restored, 1U);
}

TEST_F(RestoresTest, EndsWaitingWhenItIsToldToAndWithWhatTheServerRefuses) {
    const std::vector objects{store(0, 1)};
    proxy_->cold(prefix_, 3600);
    {
        Restores restores(objects, options(), progress_);
        const auto taken = restores.take(0, [] { return true; });
        ASSERT_TRUE(taken) << taken.error().message;
        EXPECT_FALSE(*taken);
    }
    proxy_->fault("status", "POST", R"("status":403,"code":"AccessDenied","times":1)");
    Restores refused(objects, options(), progress_);
    const auto taken = refused.take(0, never);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::Denied);
    EXPECT_NE(taken.error().message.find("RestoreObject"), std::string::npos);
}

TEST_F(RestoresTest, AsksAServerThatIsAwayAgain) {
    const std::vector objects{store(0, 1)};
    proxy_->cold(prefix_, 0);
    // More than one round of attempts, fewer than ten.
    proxy_->fault("status", "POST", R"("status":503,"code":"SlowDown","times":5)");
    Restores restores(objects, options(), progress_);
    EXPECT_EQ(next(restores, 0), 1);

    proxy_->cold(prefix_, 0);
    proxy_->fault("status", "POST", R"("status":503,"code":"SlowDown","times":1000)");
    Restores away(objects, options(), progress_);
    const auto taken = away.take(0, never);
    ASSERT_FALSE(taken);
    EXPECT_EQ(taken.error().code, ErrorCode::Unavailable);
}

}  // namespace
}  // namespace larmor::restore
