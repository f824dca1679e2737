#include "async/slots.h"

#include <thread>

#include "async/sync_wait.h"

namespace larmor::async {
namespace {

struct Room {
    Slots slots{2};
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
};

Task<void> visit(Room& room, Completion<>& leave, std::vector<int>& order, int number) {
    const auto slot = co_await room.slots.take();
    order.push_back(number);
    co_await leave;
}

TEST(Slots, AreGivenOnInTheOrderOfAsking) {
    Room room;
    RunLoop loop;
    std::vector<int> order;
    std::array<Completion<>, 4> leave;
    for (int i = 0; i < 4; ++i) {
        spawn(loop, visit(room, leave[static_cast<std::size_t>(i)], order, i));
    }
    const auto run = [&] {
        loop.stop();
        loop.run();
    };
    run();
    EXPECT_THAT(order, testing::ElementsAre(0, 1));
    EXPECT_EQ(room.slots.waiting(), 2);
    leave[1].set();
    run();
    run();
    EXPECT_THAT(order, testing::ElementsAre(0, 1, 2));
    leave[0].set();
    leave[2].set();
    leave[3].set();
    for (int i = 0; i < 3; ++i) run();
    EXPECT_THAT(order, testing::ElementsAre(0, 1, 2, 3));
    EXPECT_EQ(room.slots.waiting(), 0);
}

Task<void> enter_often(Room& room) {
    for (int i = 0; i < 200; ++i) {
        const auto slot = co_await room.slots.take();
        const int now = ++room.inside;
        int most = room.most;
        while (most < now && !room.most.compare_exchange_weak(most, now)) {
        }
        std::this_thread::yield();
        --room.inside;
    }
}

TEST(Slots, AreNeverTakenByMoreThanThereAreFromAnyThread) {
    Room room;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 6; ++i) {
            threads.emplace_back([&room] { sync_wait(enter_often(room)); });
        }
    }
    EXPECT_EQ(room.inside, 0);
    EXPECT_LE(room.most, 2);
    EXPECT_GE(room.most, 1);
}

}  // namespace
}  // namespace larmor::async
