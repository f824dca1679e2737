#include <gtest/gtest.h>

#include "async/sync_wait.h"
#include "workers/run_gate.h"

namespace larmor::workers {
namespace {

using async::Task;

/// Tasks that enter a gate and leave it when told to.
class Visitors {
public:
    Task<void> visit(std::size_t number, Company company) {
        const auto permit = co_await gate.enter(company);
        inside.insert(number);
        co_await leave[number];
        inside.erase(number);
    }
    RunGate gate;
    std::array<async::Event, 6> leave;
    std::set<std::size_t> inside;
};
using Inside = std::set<std::size_t>;

/// All that can go on has gone on.
Task<void> settle() {
    for (int i = 0; i < 20; ++i) co_await async::yield();
}

Task<void> two_kinds(Visitors* visitors) {
    auto& executor = *async::Executor::current();
    const auto enter = [&](std::size_t number, Company company) {
        async::spawn(executor, visitors->visit(number, company));
    };
    enter(0, Company::Others);
    enter(1, Company::Others);
    enter(2, Company::None);
    enter(3, Company::Others);
    enter(4, Company::Others);
    enter(5, Company::None);
    co_await settle();
    EXPECT_EQ(visitors->inside, (Inside{0, 1})) << "together";
    visitors->leave[0].set();
    co_await settle();
    EXPECT_EQ(visitors->inside, (Inside{1}));
    visitors->leave[1].set();
    co_await settle();
    EXPECT_EQ(visitors->inside, (Inside{2})) << "alone";
    visitors->leave[2].set();
    co_await settle();
    EXPECT_EQ(visitors->inside, (Inside{3, 4})) << "came before the last";
    visitors->leave[3].set();
    visitors->leave[4].set();
    co_await settle();
    EXPECT_EQ(visitors->inside, (Inside{5}));
    visitors->leave[5].set();
    co_await settle();
    EXPECT_EQ(visitors->inside, (Inside{}));
    EXPECT_EQ(visitors->gate.waiting(), 0U);
}

TEST(RunGate, LetsInManyOrOneInTheOrderInWhichTheyCame) {
    Visitors visitors;
    async::sync_wait(two_kinds(&visitors));
}

}  // namespace
}  // namespace larmor::workers
