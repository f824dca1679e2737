#include "audit/windows.h"

namespace larmor::audit {
namespace {

using namespace std::chrono_literals;
using Steady = Windows::Steady;

const Steady::time_point kStart{1000s};

Record read_of(const std::string& series, const std::string& who = "a") {
    Record record;
    record.number = 7;
    record.time = Time(5s);
    record.entry.action = Action::Retrieve;
    record.entry.actor.id = who;
    record.entry.subject = {
        .study = "1", .series = series, .instance = "1.2.3", .instances = 1};
    record.entry.route = "retrieve.frames";
    record.entry.request_id = "r1";
    return record;
}

TEST(Windows, CountTheSameActUntilTheyClose) {
    Windows windows({.length = 60s});
    const Record record = read_of("1.2");
    EXPECT_FALSE(windows.count(record.entry, kStart));
    windows.open(record, kStart);
    EXPECT_TRUE(windows.count(record.entry, kStart));
    Entry other_route = record.entry;
    other_route.route = "retrieve.bulkdata";
    other_route.subject.instance = "9";
    EXPECT_TRUE(windows.count(other_route, kStart + 59s));
    EXPECT_TRUE(windows.close_due(kStart + 59s, 10).empty());

    EXPECT_FALSE(windows.count(record.entry, kStart + 60s)) << "due, though not yet closed";
    const auto closed = windows.close_due(kStart + 60s, 10);
    ASSERT_EQ(closed.size(), 1U);
    EXPECT_EQ(closed[0].repeats, 2U);
    EXPECT_EQ(closed[0].repeats_of, 7U);
    EXPECT_EQ(closed[0].since, Time(5s));
    EXPECT_EQ(closed[0].entry.subject.series, "1.2");
    EXPECT_EQ(closed[0].entry.subject.instance, "");
    EXPECT_EQ(closed[0].entry.subject.instances, 2U);
    EXPECT_EQ(windows.open_count(), 0U);
}

TEST(Windows, WhateverDiffersIsAnotherAct) {
    Windows windows({.length = 60s});
    windows.open(read_of("1.2"), kStart);
    EXPECT_FALSE(windows.count(read_of("1.3").entry, kStart));
    EXPECT_FALSE(windows.count(read_of("1.2", "b").entry, kStart));
    Entry entry = read_of("1.2").entry;
    entry.action = Action::Render;
    EXPECT_FALSE(windows.count(entry, kStart));
    entry = read_of("1.2").entry;
    entry.outcome = Outcome::Failed;
    EXPECT_FALSE(windows.count(entry, kStart));
    entry = read_of("1.2").entry;
    entry.actor.address = "10.0.0.1";
    EXPECT_FALSE(windows.count(entry, kStart));
}

TEST(Windows, MessagesAreCountedByQueueAndRoute) {
    Windows windows({.length = 60s});
    Record record;
    record.entry.action = Action::QueueUse;
    record.entry.subject.object = "index";
    record.entry.route = "queues.receive";
    windows.open(record, kStart);
    EXPECT_TRUE(windows.count(record.entry, kStart));
    Entry other = record.entry;
    other.subject.object = "jobs";
    EXPECT_FALSE(windows.count(other, kStart));
    other = record.entry;
    other.route = "queues.remove";
    EXPECT_FALSE(windows.count(other, kStart));
}

TEST(Windows, ASignInIsNeverCountedButItsRefusalIs) {
    Windows windows({.length = 60s});
    Record record;
    record.entry.action = Action::SignIn;
    windows.open(record, kStart);
    EXPECT_FALSE(windows.count(record.entry, kStart));
    record.entry.outcome = Outcome::Refused;
    windows.open(record, kStart);
    EXPECT_TRUE(windows.count(record.entry, kStart));
}

TEST(Windows, ADueOneThatIsOpenedAgainLosesNoCount) {
    Windows windows({.length = 60s});
    windows.open(read_of("1.2"), kStart);
    EXPECT_TRUE(windows.count(read_of("1.2").entry, kStart));
    windows.open(read_of("1.2"), kStart + 60s);
    EXPECT_TRUE(windows.count(read_of("1.2").entry, kStart + 61s));
    EXPECT_TRUE(windows.count(read_of("1.2").entry, kStart + 61s));
    const auto first = windows.close_due(kStart + 60s, 10);
    ASSERT_EQ(first.size(), 1U);
    EXPECT_EQ(first[0].repeats, 1U);
    const auto second = windows.close_due(kStart + 120s, 10);
    ASSERT_EQ(second.size(), 1U);
    EXPECT_EQ(second[0].repeats, 2U);
}

TEST(Windows, AreBoundedAndTheOldestClosesEarly) {
    Windows windows({.length = 60s, .count_max = 2});
    for (const char* series : {"1", "2", "3"}) {
        windows.open(read_of(series), kStart);
        EXPECT_TRUE(windows.count(read_of(series).entry, kStart));
    }
    EXPECT_EQ(windows.open_count(), 2U);
    const auto closed = windows.close_due(kStart, 10);
    ASSERT_EQ(closed.size(), 1U);
    EXPECT_EQ(closed[0].entry.subject.series, "1");
}

TEST(Windows, WithoutLengthCountNothing) {
    Windows windows({.length = 0s});
    windows.open(read_of("1"), kStart);
    EXPECT_FALSE(windows.count(read_of("1").entry, kStart));
}

}  // namespace
}  // namespace larmor::audit
