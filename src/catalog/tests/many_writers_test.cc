#include <set>
#include <thread>

#include "catalog/check.h"
#include "catalog/tests/catalog_library.h"

namespace larmor::catalog {
namespace {

using testing::CatalogTest;
using testing::must;

/// As several processes have it: each its own database, log and catalog over the same rows.
class Process {
public:
    Process(std::unique_ptr<db::Database> database, const Clock& clock)
        : database_(std::move(database)),
          log_(must(events::EventLog::open(*database_, clock))),
          catalog_(
              must(Catalog::open(*database_, *log_, {.clock = &clock, .conflicts_max = 100}))) {
        log_->start_numbering();
    }
    db::Database& database() { return *database_; }
    Catalog& catalog() { return *catalog_; }
    Result<InsertOutcome> insert(const InstanceRecord& record) {
        return database_->write_and_wait(
            [&](db::Transaction& tx) { return catalog_->insert_instance(tx, record); });
    }

private:
    std::unique_ptr<db::Database> database_;
    std::unique_ptr<events::EventLog> log_;
    std::unique_ptr<Catalog> catalog_;
};

class Findings final : public db::CheckObserver {
public:
    void found(const db::Finding& finding) override {
        ADD_FAILURE() << finding.where << ": " << finding.what;
    }
    void progress(std::uint64_t /*checked*/, std::uint64_t /*total*/) override {}
};

class ManyWriters : public CatalogTest {
protected:
    void SetUp() override {
        CatalogTest::SetUp();
        if (IsSkipped()) return;
        if (GetParam() == db::Dialect::Sqlite) GTEST_SKIP() << "one process writes";
        for (int i = 0; i < 3; ++i) {
            processes_.push_back(std::make_unique<Process>(library_.open_another(), clock_));
        }
    }
    void TearDown() override {
        if (processes_.empty()) return;
        Findings findings;
        db::Check check(*database_, findings);
        must(check_rows(check));
        processes_.clear();
    }
    /// In a thread of its own for each process.
    template <typename F>
    void in_each(F f) {
        std::vector<std::thread> threads;
        for (auto& process : processes_) threads.emplace_back([&] { f(*process); });
        for (auto& thread : threads) thread.join();
    }

    std::vector<std::unique_ptr<Process>> processes_;
};

TEST_P(ManyWriters, StoreEachInstanceOnceAndMakeEachVersionOnce) {
    std::atomic<int> stored{0};
    in_each([&](Process& process) {
        for (int i = 0; i < 60; ++i) {
            const auto study = "1." + std::to_string(i % 3);
            const auto series = study + "." + std::to_string(i % 2);
            const auto outcome =
                must(process.insert(record(study, series, "9." + std::to_string(i))));
            stored += outcome.kind == InsertOutcome::Kind::Stored ? 1 : 0;
        }
    });
    EXPECT_EQ(stored, 60);
    EXPECT_EQ(totals().instances, 60);
    EXPECT_EQ(totals().studies, 3);
    EXPECT_EQ(totals().series, 6);
    EXPECT_EQ(totals().patients, 1);
    must(log_->number_committed());
    const auto versions =
        db::testing::count(*database_, "SELECT count(*) FROM image_set_versions");
    EXPECT_EQ(static_cast<std::int64_t>(all_events().size()), versions);
}

TEST_P(ManyWriters, OneUidInSeveralSeriesIsStoredOnceAndThenReported) {
    std::atomic<int> stored{0};
    std::atomic<int> number{0};
    in_each([&](Process& process) {
        for (int i = 0; i < 30; ++i) {
            // Each in a study of its own, so that nothing but the UID is the same.
            const auto study = "2." + std::to_string(++number);
            const auto outcome =
                must(process.insert(record(study, study + ".1", "7." + std::to_string(i))));
            stored += outcome.kind == InsertOutcome::Kind::Stored ? 1 : 0;
        }
    });
    EXPECT_EQ(stored, 30);
    EXPECT_EQ(totals().instances, 30);
}

TEST_P(ManyWriters, DeleteRecoverAndStoreTheSameStudyWithoutLosingCount) {
    std::atomic<int> number{0};
    in_each([&](Process& process) {
        for (int i = 0; i < 20; ++i) {
            must(process.insert(record("3.1", "3.1.1", "5." + std::to_string(++number))));
            auto deleted = process.database().write_and_wait([&](db::Transaction& tx) {
                return process.catalog().delete_resource(
                    tx, {.study_instance_uid = "3.1",
                         .series_instance_uid = {},
                         .sop_instance_uid = {},
                         .deleted_by = "test",
                         .expires = clock_.now() + std::chrono::hours(1)});
            });
            if (!deleted) {
                EXPECT_EQ(deleted.error().code, ErrorCode::NotFound);
                continue;
            }
            const auto back = process.database().write_and_wait([&](db::Transaction& tx) {
                return process.catalog().recover(
                    tx, deleted->id, [](objects::ObjectId) { return Result<void>(); });
            });
            EXPECT_TRUE(back) << back.error().message;
        }
    });
    EXPECT_EQ(totals().instances, 60);
}

LARMOR_EACH_DRIVER(ManyWriters);

}  // namespace
}  // namespace larmor::catalog
