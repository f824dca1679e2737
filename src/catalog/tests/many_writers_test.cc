#include <atomic>
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

/// How many of the connections to this database wait for a lock.
Result<std::int64_t> count_waiting(db::Snapshot& snapshot) {
    TRY(db::Query query,
        snapshot.prepare("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
                         " AND NOT granted AND database = (SELECT oid FROM pg_database"
                         "  WHERE datname = current_database())"));
    TRY_VOID(query.next());
    return query.int64(0);
}

/// Whether the transaction has the lock on a study.
Result<bool> has_lock(db::Transaction& tx, std::string_view study_uid) {
    TRY(db::Query query,
        tx.prepare("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
                   " AND pid = pg_backend_pid() AND (CAST(classid AS BIGINT) << 32)"
                   " | CAST(objid AS BIGINT) = hashtextextended(?1, 1)"));
    query.bind(study_uid);
    TRY_VOID(query.next());
    return query.int64(0) > 0;
}

TEST_P(ManyWriters, AnEditHasTheLockOfTheStudyIntoWhichTheImageSetWentMeanwhile) {
    insert(record());
    auto other = record();
    other.file.object = objects::ObjectId{78};
    const auto conflict = insert(other, Placement::NonPrimary).image_set;
    const std::string id =
        read([&](db::Snapshot& s) { return catalog_->find_image_set(s, conflict); }).id;
    const auto edit = [&](Process& process, db::Transaction& tx,
                          std::string_view json) -> Result<void> {
        EditRequest request{.force = edits::Force::Yes};
        TRY_VOID(edits::read_updatable(json, request.document));
        TRY_VOID(process.catalog().edit_image_set(tx, id, request));
        return {};
    };
    std::atomic<bool> is_moved{false};
    std::thread mover([&] {
        must(processes_[0]->database().write_and_wait([&](db::Transaction& tx) -> Result<void> {
            TRY_VOID(
                edit(*processes_[0], tx, R"({"Study":{"DICOM":{"StudyInstanceUID":"5.1"}}})"));
            is_moved = true;
            is_moved.notify_all();
            const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
            while (must(processes_[2]->database().read(count_waiting)) == 0 &&
                   std::chrono::steady_clock::now() < give_up) {
                std::this_thread::yield();
            }
            return {};
        }));
    });
    is_moved.wait(false);
    const bool is_locked =
        must(processes_[1]->database().write_and_wait([&](db::Transaction& tx) -> Result<bool> {
            TRY_VOID(
                edit(*processes_[1], tx, R"({"Patient":{"DICOM":{"PatientComments":"x"}}})"));
            return has_lock(tx, "5.1");
        }));
    mover.join();
    EXPECT_TRUE(is_locked);
}

LARMOR_EACH_DRIVER(ManyWriters);

}  // namespace
}  // namespace larmor::catalog
