#pragma once
#include <stdlib.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "db/database.h"
#include "db/sqlite/sqlite_database.h"

namespace larmor::db::testing {

/// A folder of its own, removed at the end.
class TempDirectory {
public:
    TempDirectory() {
        std::string name = (std::filesystem::temp_directory_path() / "larmor-XXXXXX").string();
        LARMOR_CHECK(::mkdtemp(name.data()) != nullptr);
        path_ = name;
    }
    TempDirectory(const TempDirectory&) = delete;
    TempDirectory& operator=(const TempDirectory&) = delete;
    ~TempDirectory() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// The value of a Result that a test relies on; ends the program with the message otherwise.
template <typename T>
T must(Result<T> result) {
    if (!result) {
        std::fprintf(stderr, "unexpected error: %s\n", result.error().message.c_str());
        std::abort();
    }
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// Holds the writer inside a function until `release`, so that what is submitted meanwhile
/// makes one group.
class HeldWriter {
public:
    explicit HeldWriter(Database& database)
        : thread_([this, &database] {
              must(database.write_and_wait([this](Transaction&) -> Result<void> {
                  std::unique_lock lock(mutex_);
                  holding_ = true;
                  changed_.notify_all();
                  changed_.wait(lock, [&] { return released_; });
                  return {};
              }));
          }) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return holding_; });
    }
    void release() {
        {
            const std::lock_guard lock(mutex_);
            released_ = true;
        }
        changed_.notify_all();
        thread_.join();
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool holding_ = false;
    bool released_ = false;
    std::thread thread_;
};

/// A request that records its outcome, to be submitted without a thread or task of its own.
class CountedWrite final : public WriteRequest {
public:
    explicit CountedWrite(std::function<Result<void>(Transaction&)> function)
        : function_(std::move(function)) {}
    Result<void> run(Transaction& tx) override { return function_(tx); }
    void done(Result<void> outcome) override {
        const std::lock_guard lock(mutex_);
        outcome_ = std::move(outcome);
        done_.notify_all();
    }
    Result<void> wait() {
        std::unique_lock lock(mutex_);
        done_.wait(lock, [&] { return outcome_.has_value(); });
        return *outcome_;
    }

private:
    std::function<Result<void>(Transaction&)> function_;
    std::mutex mutex_;
    std::condition_variable done_;
    std::optional<Result<void>> outcome_;
};

inline std::int64_t count(Database& database, std::string sql) {
    return must(database.read([&](Snapshot& snapshot) -> Result<std::int64_t> {
        TRY(Query query, snapshot.prepare(sql));
        TRY(const bool row, query.next());
        return row ? query.int64(0) : -1;
    }));
}

}  // namespace larmor::db::testing
