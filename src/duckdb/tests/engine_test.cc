#include "duckdb/engine.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/ids.h"

namespace larmor::duckdb {
namespace {

namespace fs = std::filesystem;

class EngineTest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto checked = Engine::check();
        if (!checked) GTEST_SKIP() << checked.error().message;
        fs::create_directories(folder_);
        auto opened = Engine::open({.scratch = folder_ / "scratch", .threads = 2});
        ASSERT_TRUE(opened) << opened.error().message;
        engine_ = std::move(*opened);
    }
    void TearDown() override {
        engine_.reset();
        std::error_code ignored;
        fs::remove_all(folder_, ignored);
    }

    std::int64_t threads() const {
        return engine_->number("SELECT current_setting('threads')").value_or(-1);
    }

    const fs::path folder_ = fs::temp_directory_path() / ("larmor-engine-" + random_id());
    std::unique_ptr<Engine> engine_;
};

TEST_F(EngineTest, WritesInOrderOnOneThreadAndGoesOnWithAll) {
    const auto rows = engine_->rows_in_order("SELECT current_setting('threads')");

    ASSERT_TRUE(rows) << rows.error().message;
    EXPECT_EQ(rows->front().front(), "1");
    EXPECT_EQ(threads(), 2);
}

TEST_F(EngineTest, SaysWhyRowsInOrderFailedInATransactionAndGoesOnWithAllThreads) {
    ASSERT_TRUE(engine_->run("BEGIN"));

    const auto full = engine_->rows_in_order(
        "COPY (SELECT range FROM range(100000)) TO '/dev/full' (FORMAT csv)");

    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, ErrorCode::NoSpace) << full.error().message;
    ASSERT_TRUE(engine_->run("ROLLBACK"));
    EXPECT_EQ(threads(), 2);
}

/// As a commit writes files of several months.
TEST_F(EngineTest, SaysWhyFilesByPartitionCannotBeWritten) {
    ASSERT_TRUE(engine_->run("BEGIN"));

    const auto failed = engine_->rows_in_order(
        "COPY (SELECT range, range % 2 AS half FROM range(10)) TO '/proc/none/files'"
        " (FORMAT parquet, PARTITION_BY (half), RETURN_STATS)");

    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().code, ErrorCode::Unavailable) << failed.error().message;
    ASSERT_TRUE(engine_->run("ROLLBACK"));
    EXPECT_EQ(threads(), 2);
}

}  // namespace
}  // namespace larmor::duckdb
