#pragma once
#include <fcntl.h>

#include <filesystem>
#include <string>
#include <vector>

#include "audit/log.h"
#include "audit/trail_files.h"
#include "audit/verify.h"
#include "base/file.h"
#include "base/ids.h"

namespace larmor::audit {

/// A folder of its own for a trail.
class TrailTest : public testing::Test {
protected:
    void SetUp() override {
        folder_ = std::filesystem::temp_directory_path() / ("larmor-audit-" + random_id());
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    Trail open_trail(std::uint64_t file_max_bytes = std::uint64_t{64} << 20) {
        auto trail = Trail::open({.folder = folder_, .file_max_bytes = file_max_bytes});
        LARMOR_CHECK(trail.has_value());
        return *std::move(trail);
    }
    /// Appends a batch of `count` records of queries for `what`.
    static void append(Trail& trail, std::size_t count, const std::string& what,
                       Time time = Time(std::chrono::hours(24 * 20'000))) {
        std::vector<Record> records(count);
        for (auto& record : records) {
            record.time = time;
            record.entry.action = Action::Query;
            record.entry.subject.query = what;
        }
        const auto appended = trail.append(records);
        ASSERT_TRUE(appended) << appended.error().message;
    }
    std::filesystem::path path(std::uint64_t number = 1) const {
        return folder_ / file_name(number);
    }
    static std::string content(const std::filesystem::path& file) {
        return read_file(file, 1 << 28).value_or("");
    }
    static void replace(const std::filesystem::path& file, std::string_view content) {
        const auto out = open_file(file, O_WRONLY | O_TRUNC | O_CREAT);
        ASSERT_TRUE(out);
        ASSERT_TRUE(write_all(*out, as_bytes(content)));
    }
    /// All records, as verify hands them out; fails the test where the trail is not whole.
    std::vector<Record> records() const {
        std::vector<Record> all;
        VerifyOptions options;
        options.see = [&](const std::filesystem::path&, const Batch& batch) {
            for (const auto line : batch.records) {
                const auto record = parse_record(line);
                EXPECT_TRUE(record) << line;
                if (record) all.push_back(*record);
            }
        };
        const auto verified = verify_trail(folder_, options);
        EXPECT_TRUE(verified) << verified.error().message;
        return all;
    }

    std::filesystem::path folder_;
};

}  // namespace larmor::audit
