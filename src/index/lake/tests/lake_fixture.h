#pragma once
#include <gtest/gtest.h>

#include <filesystem>

#include "base/clock.h"
#include "base/file.h"
#include "base/ids.h"
#include "duckdb/engine.h"
#include "index/lake/lake_target.h"
#include "index/lake/manifest.h"
#include "index/lake/tests/given.h"

namespace larmor::index::lake {

using duckdb::Engine;
using index::testing::history;

/// A lake in a folder of its own, and somebody who reads it.
class LakeTest : public ::testing::Test {
protected:
    void SetUp() override {
        const auto checked = Engine::check();
        if (!checked) GTEST_SKIP() << checked.error().message;
        folder_ = std::filesystem::temp_directory_path() / ("larmor-lake-" + random_id());
        target_ = open();
        std::filesystem::create_directories(folder_ / "reader");
        reader_ = must_be(Engine::open({.scratch = folder_ / "reader"}));
    }
    void TearDown() override {
        target_.reset();
        reader_.reset();
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }

    LakeOptions options() const {
        return {.place = "file://" + (folder_ / "lake").string() + "/",
                .scratch = folder_ / "scratch"};
    }
    std::unique_ptr<Target> open() const { return must_be(open_lake(options())); }

    Target::Applied apply(const Given& given) const {
        return must_be(target_->apply(document(given)));
    }
    std::vector<Target::Applied> apply_all(const std::vector<Given>& all) const {
        std::vector<ImageSetDocument> documents;
        for (const auto& given : all) documents.push_back(document(given));
        std::vector<Target::Applied> applied;
        for (auto& outcome : target_->apply_batch(documents)) {
            applied.push_back(must_be(std::move(outcome)));
        }
        return applied;
    }

    /// As somebody reads it who has lake.sql: all rows as text.
    std::vector<std::string> rows(const std::string& sql) const {
        must_be(reader_->run(must_be(read_file(folder_ / "lake" / kPublicViews, 1 << 20))));
        return index::testing::lines_of(must_be(reader_->rows(sql)));
    }

    std::vector<std::string> everything() const {
        std::vector<std::string> all;
        for (const char* sql :
             {"SELECT * EXCLUDE (larmor_epoch, larmor_sequence) FROM patient ORDER BY ALL",
              "SELECT * EXCLUDE (larmor_epoch, larmor_sequence) FROM study ORDER BY ALL",
              "SELECT * EXCLUDE (larmor_epoch, larmor_sequence) FROM series ORDER BY ALL",
              "SELECT * FROM instance ORDER BY ALL",
              "SELECT * EXCLUDE (larmor_sequence, study_month) FROM image_set ORDER BY ALL"}) {
            for (auto& line : rows(sql)) all.push_back(std::move(line));
        }
        return all;
    }

    Manifest manifest() const {
        return must_be(
            parse_manifest(must_be(read_file(folder_ / "lake" / kPublicManifest, 1 << 20))));
    }

    ManualClock clock_{Time{}};
    std::filesystem::path folder_;
    std::unique_ptr<Target> target_;
    std::unique_ptr<Engine> reader_;
};

}  // namespace larmor::index::lake
