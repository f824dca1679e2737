#pragma once
#include <array>
#include <memory>

#include "db/tests/temp_library.h"
#include "queue/sqlite/sqlite_queues.h"
#include "queue/tests/queue_conformance.h"

namespace larmor::queue::testing {

using db::testing::must;

/// The queues of a library on disk, with a clock that is moved by hand.
class SqliteQueuesUnderTest final : public QueuesUnderTest {
public:
    explicit SqliteQueuesUnderTest(std::chrono::nanoseconds poll_every)
        : poll_every_(poll_every) {
        open();
    }
    Queues& queues() override { return *queues_; }
    db::sqlite::SqliteDatabase& database() override { return *database_; }
    void wrap_database(Wrap wrap) override {
        wrap_ = std::move(wrap);
        open_queues();
    }
    Time now() override { return Time(clock_.uptime()); }
    void let_pass(microseconds time) override { clock_.advance(time); }
    void set_wall_clock(microseconds by) override { clock_.jump(by); }
    void reopen() override {
        queues_.reset();
        wrapped_.reset();
        database_.reset();
        open();
    }

private:
    void open() {
        database_ = must(db::sqlite::open_sqlite({.path = directory_.path() / "library.db"}));
        must(database_->migrate(std::array{migrations()}));
        open_queues();
    }
    void open_queues() {
        queues_.reset();
        wrapped_.reset();
        if (wrap_) wrapped_ = wrap_(*database_);
        db::Database& used = wrapped_ ? *wrapped_ : *database_;
        queues_ = must(
            sqlite::open_sqlite_queues(used, {.clock = &clock_, .poll_every = poll_every_}));
    }

    db::testing::TempDirectory directory_;
    std::chrono::nanoseconds poll_every_;
    // 2026-01-02T03:04:05Z
    ManualClock clock_{Time(std::chrono::seconds(1'767'323'045))};
    std::unique_ptr<db::sqlite::SqliteDatabase> database_;
    Wrap wrap_;
    std::unique_ptr<db::Database> wrapped_;
    std::unique_ptr<Queues> queues_;
};

}  // namespace larmor::queue::testing
