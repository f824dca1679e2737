#include "queue/combiner.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <deque>
#include <thread>

#include "async/sync_wait.h"

namespace larmor::queue {
namespace {

tl::unexpected<Error> unavailable(std::string_view why) {
    return fail(ErrorCode::Unavailable, std::string(why));
}

/// A step that is asked for no rows needs none.
class EmptyTransaction final : public db::Transaction {
public:
    Result<db::Query> prepare(std::string_view /*sql*/) override { return unavailable("SQL"); }
    Result<void> run_script(std::string_view /*statements*/) override { return {}; }
    void commit_after(std::function<Result<void>()> /*wait*/) override {}
    void on_rollback(std::function<void()> /*undo*/) override {}
    void on_commit(std::function<void()> /*done*/) override {}
};

/// Keeps what is submitted until the test plays the writer.
class HandDatabase final : public db::Database {
public:
    enum class Play : std::uint8_t { Commit, RollBackAndCommit, FailCommit };

    void submit(db::WriteRequest& request) override {
        if (refuses) return request.done(unavailable("refused"));
        const std::lock_guard lock(mutex_);
        requests_.push_back(&request);
        submitted_.notify_all();
    }
    void wait_for_request() {
        std::unique_lock lock(mutex_);
        submitted_.wait(lock, [&] { return !requests_.empty(); });
    }
    std::size_t waiting() {
        const std::lock_guard lock(mutex_);
        return requests_.size();
    }
    /// Runs what waits, one request a group.
    void play(Play how) {
        EmptyTransaction tx;
        while (waiting() > 0) {
            db::WriteRequest& request = take();
            auto outcome = request.run(tx);
            if (how == Play::RollBackAndCommit) outcome = request.run(tx);
            if (how == Play::FailCommit && outcome) outcome = unavailable("no commit");
            request.done(std::move(outcome));
        }
    }

    void before_commit(std::function<Result<void>(db::Transaction&)> /*hook*/) override {}
    Result<void> migrate(std::span<const db::MigrationSet> /*sets*/) override { return {}; }
    db::WriterStats stats() const override { return {}; }

    bool refuses = false;

protected:
    Result<void> with_snapshot(
        const std::function<void(db::Snapshot&)>& /*function*/) override {
        return unavailable("no rows");
    }

private:
    db::WriteRequest& take() {
        const std::lock_guard lock(mutex_);
        db::WriteRequest* const first = requests_.front();
        requests_.pop_front();
        return *first;
    }
    std::mutex mutex_;
    std::condition_variable submitted_;
    std::deque<db::WriteRequest*> requests_;
};

using Play = HandDatabase::Play;
using Numbers = std::vector<int>;

async::Task<Result<int>> play(HandDatabase& database, Play how) {
    database.play(how);
    co_return 0;
}

bool are_both_odd_or_even(const int& first, const int& other) {
    return (first - other) % 2 == 0;
}

/// Calls with a number each; a step multiplies by ten, and refuses negative numbers.
class CombinerTest : public ::testing::Test {
protected:
    Result<std::vector<Result<int>>> multiply(std::span<const int> numbers) {
        steps_.emplace_back(numbers.begin(), numbers.end());
        if (while_running_) std::exchange(while_running_, nullptr)();
        if (numbers.front() == fails_at_) return unavailable("the step");
        std::vector<Result<int>> outcomes;
        for (const int number : numbers) {
            if (number < 0) {
                outcomes.emplace_back(fail(ErrorCode::Conflict, "negative"));
            } else {
                outcomes.emplace_back(10 * number);
            }
        }
        return outcomes;
    }
    /// One call after the other, then the writer; the outcomes as text.
    std::vector<std::string> call(const Numbers& numbers, Play how = Play::Commit) {
        std::vector<async::Task<Result<int>>> tasks;
        tasks.reserve(numbers.size() + 1);
        for (const int number : numbers) tasks.push_back(combiner_.run(number));
        tasks.push_back(play(database_, how));
        auto outcomes = async::sync_wait(async::when_all(std::move(tasks)));
        outcomes.pop_back();
        std::vector<std::string> texts;
        for (const auto& outcome : outcomes) {
            texts.push_back(outcome ? std::to_string(*outcome) : outcome.error().message);
        }
        return texts;
    }

    HandDatabase database_;
    std::vector<Numbers> steps_;  ///< what each was given
    std::function<void()> while_running_;
    int fails_at_ = 0;
    Combiner<int, int> combiner_{
        database_,
        [this](db::Transaction&, std::span<const int> numbers) { return multiply(numbers); },
        are_both_odd_or_even};
};

using Texts = std::vector<std::string>;

TEST_F(CombinerTest, CallsThatWaitForTheWriterTogetherAreOneStep) {
    EXPECT_EQ(call({3, 1, 5}), (Texts{"30", "10", "50"}));
    EXPECT_EQ(steps_, (std::vector<Numbers>{{3, 1, 5}}));
    EXPECT_EQ(call({7}), (Texts{"70"}));
    EXPECT_EQ(steps_.size(), 2U);
}

TEST_F(CombinerTest, OnlyThoseThatJoinTheFirstGoWithItAndTheOthersGoNext) {
    EXPECT_EQ(call({1, 2, 3, 4, 5}), (Texts{"10", "20", "30", "40", "50"}));
    EXPECT_EQ(steps_, (std::vector<Numbers>{{1, 3, 5}, {2, 4}}));
}

TEST_F(CombinerTest, NoMoreThanTwoHundredAndFiftySixGoTogether) {
    Numbers numbers;
    for (int i = 0; i < 600; ++i) numbers.push_back(2 * i);
    const auto outcomes = call(numbers);
    ASSERT_EQ(steps_.size(), 3U);
    EXPECT_EQ(steps_[0].size(), 256U);
    EXPECT_EQ(steps_[1].size(), 256U);
    EXPECT_EQ(steps_[2].size(), 88U);
    EXPECT_EQ(outcomes[599], "11980");
    EXPECT_EQ(database_.waiting(), 0U);
}

TEST_F(CombinerTest, ACallThatComesWhileAStepRunsGoesWithTheNext) {
    std::thread late;
    Result<int> outcome;
    while_running_ = [&] {
        late = std::thread([&] { outcome = async::sync_wait(combiner_.run(5)); });
        database_.wait_for_request();
    };
    EXPECT_EQ(call({1, 3}), (Texts{"10", "30"}));
    late.join();
    ASSERT_TRUE(outcome);
    EXPECT_EQ(*outcome, 50);
    EXPECT_EQ(steps_, (std::vector<Numbers>{{1, 3}, {5}}));
}

TEST_F(CombinerTest, AnErrorOfOneCallIsItsOwn) {
    EXPECT_EQ(call({1, -1, 3}), (Texts{"10", "negative", "30"}));
    EXPECT_EQ(steps_, (std::vector<Numbers>{{1, -1, 3}}));
}

TEST_F(CombinerTest, AnErrorOfTheStepIsThatOfAllThatWentTogether) {
    fails_at_ = 1;
    EXPECT_EQ(call({1, 2, 3}), (Texts{"the step", "20", "the step"}));
    fails_at_ = 0;
    EXPECT_EQ(call({1}), (Texts{"10"})) << "the next ones are not held up";
}

TEST_F(CombinerTest, WithoutACommitNobodyHasAnOutcome) {
    EXPECT_EQ(call({1, 2}, Play::FailCommit), (Texts{"no commit", "no commit"}));
    EXPECT_EQ(call({1}), (Texts{"10"}));
}

TEST_F(CombinerTest, AStepThatIsRunAgainAfterARollbackHasTheSameCalls) {
    EXPECT_EQ(call({1, -3, 5}, Play::RollBackAndCommit), (Texts{"10", "negative", "50"}));
    EXPECT_EQ(steps_, (std::vector<Numbers>{{1, -3, 5}, {1, -3, 5}}));
}

TEST_F(CombinerTest, WhatTheDatabaseRefusesFailsAndLeavesNothingBehind) {
    database_.refuses = true;
    EXPECT_EQ(call({1, 2}), (Texts{"refused", "refused"}));
    EXPECT_TRUE(steps_.empty());
    database_.refuses = false;
    EXPECT_EQ(call({1, 3}), (Texts{"10", "30"}));
    EXPECT_EQ(steps_, (std::vector<Numbers>{{1, 3}}));
}

}  // namespace
}  // namespace larmor::queue
