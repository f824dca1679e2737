#include "jobs/jobs.h"

#include <array>
#include <thread>

#include "db/tests/each_driver.h"

namespace larmor::jobs {
namespace {

using namespace std::chrono_literals;
using db::testing::must;

class JobsTest : public db::testing::EachDriver {
protected:
    void SetUp() override {
        EachDriver::SetUp();
        if (IsSkipped()) return;
        open();
    }
    void open() {
        database_.reset();
        database_ = library_.open();
        must(database_->migrate(std::array{migrations()}));
    }

    /// In a transaction of its own.
    template <typename F>
    auto write(F f) {
        return database_->write_and_wait(std::move(f));
    }
    Result<Jobs::Created> create(const NewJob& job) {
        return write([&](db::Transaction& tx) { return jobs_.create(tx, job); });
    }
    JobId make(const std::string& kind = "import", const std::string& by = "ada") {
        return must(create({.kind = kind, .created_by = by})).job.id;
    }
    Result<Jobs::Begun> begin(JobId id) {
        return write([&](db::Transaction& tx) { return jobs_.begin(tx, id); });
    }
    Result<Job> record(JobId id, const Step& step) {
        return write([&](db::Transaction& tx) { return jobs_.record(tx, id, step); });
    }
    Result<Job> succeed(JobId id, const std::string& result = "{}") {
        return write([&](db::Transaction& tx) { return jobs_.succeed(tx, id, result); });
    }
    Result<Job> cancel(JobId id) {
        return write([&](db::Transaction& tx) { return jobs_.cancel(tx, id); });
    }
    Result<void> remove(JobId id) {
        return write([&](db::Transaction& tx) { return jobs_.remove(tx, id); });
    }
    Result<Job> find(JobId id) {
        return database_->read(
            [&](db::Snapshot& snapshot) { return Jobs::find(snapshot, id); });
    }
    std::vector<JobId> list(const JobFilter& filter, std::optional<JobId> before = {},
                            std::size_t limit = 100) {
        std::vector<JobId> ids;
        for (const auto& job : must(database_->read([&](db::Snapshot& snapshot) {
                 return Jobs::list(snapshot, filter, before, limit);
             }))) {
            ids.push_back(job.id);
        }
        return ids;
    }
    std::vector<ItemError> errors(JobId id, std::int64_t after, std::size_t limit) {
        return must(database_->read(
            [&](db::Snapshot& snapshot) { return Jobs::errors(snapshot, id, after, limit); }));
    }

    // 2026-01-02T03:04:05Z
    ManualClock clock_{Time(std::chrono::seconds(1'767'323'045))};
    Jobs jobs_{clock_, 24h};
    std::unique_ptr<db::Database> database_;
};

TEST_P(JobsTest, GoesFromQueuedOverRunningToItsResult) {
    const auto created = must(create({.kind = "import",
                                      .parameters = R"({"folder":"a"})",
                                      .created_by = "ada",
                                      .progress = {.total = 10, .unit = "files"}}));
    EXPECT_TRUE(created.is_new);
    EXPECT_EQ(created.job.state, JobState::Queued);
    EXPECT_EQ(created.job.created_at, clock_.now());
    const JobId id = created.job.id;

    clock_.advance(1s);
    const auto begun = must(begin(id));
    EXPECT_EQ(begun.job.state, JobState::Running);
    EXPECT_EQ(begun.job.started_at, clock_.now());
    EXPECT_EQ(begun.job.parameters, R"({"folder":"a"})");
    EXPECT_EQ(begun.checkpoint, "");

    const Step step{.progress = {4, 10, "files"}, .checkpoint = R"({"next":4})", .worked = 2s};
    must(record(id, step));
    clock_.advance(1s);
    must(succeed(id, R"({"stored":10})"));

    const Job job = must(find(id));
    EXPECT_EQ(job.state, JobState::Succeeded);
    EXPECT_EQ(job.progress.done, 4);
    EXPECT_EQ(job.progress.total, 10);
    EXPECT_EQ(job.progress.unit, "files");
    EXPECT_EQ(job.worked, 2s);
    EXPECT_EQ(job.result, R"({"stored":10})");
    EXPECT_EQ(job.ended_at, clock_.now());
    EXPECT_EQ(job.expires_at, clock_.now() + 24h);
    EXPECT_EQ(job.version, 4) << "each change counts";
}

TEST_P(JobsTest, GoesOnAfterARestartWhereItWas) {
    const JobId id = make();
    must(begin(id));
    must(record(id, {.progress = {7, std::nullopt, "files"}, .checkpoint = R"({"next":7})"}));
    open();
    const auto again = must(begin(id));
    EXPECT_EQ(again.checkpoint, R"({"next":7})");
    EXPECT_EQ(again.job.progress.done, 7);
    EXPECT_EQ(again.job.started_at, clock_.now()) << "of the first beginning";
}

TEST_P(JobsTest, ProgressAndWhatWasDoneAreOneTransaction) {
    const JobId id = make();
    must(begin(id));
    const auto outcome = write([&](db::Transaction& tx) -> Result<void> {
        const Step step{.progress = {.done = 5},
                        .checkpoint = R"({"next":5})",
                        .errors = {{"a", {ErrorCode::Corrupt, "bad"}}}};
        TRY_VOID(jobs_.record(tx, id, step));
        return fail(ErrorCode::Conflict, "the work itself was refused");
    });
    EXPECT_FALSE(outcome);
    EXPECT_EQ(must(find(id)).progress.done, 0);
    EXPECT_EQ(must(begin(id)).checkpoint, "");
    EXPECT_TRUE(errors(id, 0, 10).empty());
}

TEST_P(JobsTest, TheSameKeyGivesTheSameJobForTheSameRequestOnly) {
    const NewJob job{.kind = "import",
                     .parameters = R"({"folder":"a"})",
                     .created_by = "ada",
                     .idempotency_key = "k1"};
    const auto first = must(create(job));
    const auto second = must(create(job));
    EXPECT_EQ(second.job.id, first.job.id);
    EXPECT_FALSE(second.is_new);

    NewJob other = job;
    other.parameters = R"({"folder":"b"})";
    EXPECT_EQ(create(other).error().code, ErrorCode::Conflict);
    other = job;
    other.kind = "export";
    EXPECT_EQ(create(other).error().code, ErrorCode::Conflict);
    other = job;
    other.created_by = "bob";
    EXPECT_NE(must(create(other)).job.id, first.job.id) << "a key is its user's own";
    other = job;
    other.idempotency_key = "";
    EXPECT_NE(must(create(other)).job.id, first.job.id);
    EXPECT_NE(must(create(other)).job.id, must(create(other)).job.id);
}

TEST_P(JobsTest, OneOfManyWithTheSameKeyIsMade) {
    const auto other = library_.open_another();
    std::array<db::Database*, 2> databases = {database_.get(),
                                              other ? other.get() : database_.get()};
    std::vector<std::thread> threads;
    std::atomic<int> made{0};
    std::atomic<int> failed{0};
    for (std::size_t i = 0; i < 8; ++i) {
        threads.emplace_back([&, i] {
            const NewJob job{.kind = "import", .created_by = "ada", .idempotency_key = "k"};
            const auto created = databases.at(i % 2)->write_and_wait(
                [&](db::Transaction& tx) { return jobs_.create(tx, job); });
            if (!created) ++failed;
            if (created && created->is_new) ++made;
        });
    }
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(made, 1);
    EXPECT_EQ(failed, 0);
    EXPECT_EQ(list({}).size(), 1U);
}

TEST_P(JobsTest, IsCancelledAtOnceWhereItWaitsAndAskedToEndWhereItRuns) {
    const JobId queued = make();
    EXPECT_EQ(must(cancel(queued)).state, JobState::Cancelled);
    EXPECT_EQ(must(cancel(queued)).state, JobState::Cancelled) << "again";
    EXPECT_EQ(begin(queued).error().code, ErrorCode::Conflict);

    const JobId running = make();
    must(begin(running));
    EXPECT_TRUE(must(cancel(running)).cancel_requested);
    EXPECT_EQ(must(find(running)).state, JobState::Running);
    EXPECT_TRUE(must(record(running, {.progress = {.done = 3}})).cancel_requested);
    must(write([&](db::Transaction& tx) { return jobs_.end_cancelled(tx, running); }));
    EXPECT_EQ(must(find(running)).state, JobState::Cancelled);
    EXPECT_EQ(must(find(running)).progress.done, 3) << "says what was done";

    const JobId succeeded = make();
    must(begin(succeeded));
    must(succeed(succeeded));
    EXPECT_EQ(cancel(succeeded).error().code, ErrorCode::Conflict);
    EXPECT_EQ(cancel(JobId(999)).error().code, ErrorCode::NotFound);
}

TEST_P(JobsTest, WhatHasEndedStaysAsItIs) {
    const JobId id = make();
    must(begin(id));
    must(write([&](db::Transaction& tx) {
        return jobs_.fail(tx, id, {ErrorCode::Unsupported, "no such source"});
    }));
    EXPECT_EQ(succeed(id).error().code, ErrorCode::Conflict);
    EXPECT_EQ(record(id, {}).error().code, ErrorCode::Conflict);
    const Job job = must(find(id));
    EXPECT_EQ(job.state, JobState::Failed);
    ASSERT_TRUE(job.error);
    EXPECT_EQ(job.error->code, ErrorCode::Unsupported);
    EXPECT_EQ(job.error->message, "no such source");
}

TEST_P(JobsTest, KeepsSoManyErrorsOfItemsAndCountsAll) {
    const JobId id = make();
    must(begin(id));
    Step step;
    for (int i = 0; i < 700; ++i) {
        step.errors.push_back({"item-" + std::to_string(i), {ErrorCode::Corrupt, "cut"}});
    }
    must(record(id, step));
    must(record(id, step));
    EXPECT_EQ(must(find(id)).item_errors, 1400);
    const auto page = errors(id, 698, 4);
    ASSERT_EQ(page.size(), 4U);
    EXPECT_EQ(page[1].item, "item-699");
    EXPECT_EQ(page[2].item, "item-0");
    EXPECT_EQ(page[0].error.code, ErrorCode::Corrupt);
    EXPECT_EQ(errors(id, 0, 5000).size(), 1000U);
}

TEST_P(JobsTest, ListsTheNewestFirstByPagesAndFilters) {
    const JobId a = make("import", "ada");
    const JobId b = make("export", "bob");
    const JobId c = make("import", "bob");
    must(begin(c));
    EXPECT_EQ(list({}), (std::vector{c, b, a}));
    EXPECT_EQ(list({}, c, 1), (std::vector{b}));
    EXPECT_EQ(list({.state = JobState::Queued}), (std::vector{b, a}));
    EXPECT_EQ(list({.kind = "import"}), (std::vector{c, a}));
    EXPECT_EQ(list({.created_by = "bob"}), (std::vector{c, b}));
    EXPECT_EQ(list({.state = JobState::Running, .kind = "import", .created_by = "bob"}),
              (std::vector{c}));
    EXPECT_EQ(list({.kind = "other"}).size(), 0U);
}

TEST_P(JobsTest, IsRemovedWhenItHasEndedByHandOrWhenItsTimeIsUp) {
    const JobId running = make();
    must(begin(running));
    EXPECT_EQ(remove(running).error().code, ErrorCode::Conflict);
    const JobId first = make();
    must(begin(first));
    must(record(first, {.errors = {{"a", {ErrorCode::Corrupt, "cut"}}}}));
    must(succeed(first));
    clock_.advance(1h);
    const JobId second = make();
    must(cancel(second));
    const JobId third = make();
    must(cancel(third));
    must(remove(third));
    EXPECT_EQ(find(third).error().code, ErrorCode::NotFound);

    const auto expire = [&] {
        return must(write([&](db::Transaction& tx) { return jobs_.remove_expired(tx, 100); }));
    };
    clock_.advance(23h - 1us);
    EXPECT_EQ(expire(), 0);
    clock_.advance(1us);
    EXPECT_EQ(expire(), 1);
    EXPECT_EQ(list({}), (std::vector{second, running}));
    EXPECT_TRUE(errors(first, 0, 10).empty());
    clock_.advance(1h);
    EXPECT_EQ(expire(), 1);
    EXPECT_EQ(list({}), (std::vector{running}));
}

TEST_P(JobsTest, RefusesWhatIsTooLongOrNoJson) {
    const auto refused = [&](const NewJob& job) {
        const auto created = create(job);
        return !created && created.error().code == ErrorCode::InvalidInput;
    };
    EXPECT_TRUE(refused({.kind = ""}));
    EXPECT_TRUE(refused({.kind = "Import"}));
    EXPECT_TRUE(refused({.kind = std::string(81, 'a')}));
    EXPECT_TRUE(refused({.kind = "a", .parameters = "[]"}));
    EXPECT_TRUE(refused({.kind = "a", .parameters = "{"}));
    EXPECT_TRUE(refused(
        {.kind = "a", .parameters = "{\"a\":\"" + std::string(256 << 10, 'a') + "\"}"}));
    EXPECT_TRUE(refused({.kind = "a", .idempotency_key = std::string(81, 'k')}));
    EXPECT_TRUE(refused({.kind = "a", .progress = {.done = -1}}));
    const JobId id = make();
    must(begin(id));
    EXPECT_EQ(record(id, {.checkpoint = "7"}).error().code, ErrorCode::InvalidInput);
    EXPECT_EQ(succeed(id, "nothing").error().code, ErrorCode::InvalidInput);
}

LARMOR_EACH_DRIVER(JobsTest);

}  // namespace
}  // namespace larmor::jobs
