#pragma once
#include <memory>

#include "db/sqlite/sqlite_database.h"
#include "db/tests/temp_library.h"
#include "objects/local/local_store.h"
#include "objects/migrations.h"

namespace larmor::objects::testing {

using db::testing::must;

/// A library on disk that can be closed and opened again.
class LocalLibrary {
public:
    explicit LocalLibrary(std::filesystem::path directory,
                          local::LocalStoreOptions options = {})
        : directory_(std::move(directory)), options_(std::move(options)) {
        options_.directory = directory_ / "objects";
        open();
    }
    ~LocalLibrary() { close(); }

    void open() {
        database_ = must(db::sqlite::open_sqlite({.path = directory_ / "library.db"}));
        must(database_->migrate(std::array{migrations()}));
        store_ = must(local::open_local_store(*database_, options_));
    }
    void close() {
        store_.reset();
        database_.reset();
    }
    Result<std::unique_ptr<local::LocalStore>> try_open_store() {
        return local::open_local_store(*database_, options_);
    }
    void open_database_only() {
        database_ = must(db::sqlite::open_sqlite({.path = directory_ / "library.db"}));
    }

    local::LocalStore& store() { return *store_; }
    db::Database& database() { return *database_; }
    std::filesystem::path segment(std::int64_t number) const {
        return options_.directory / "segments" /
               ("0000000" + std::to_string(number) + ".segment");
    }
    const std::filesystem::path& objects() const { return options_.directory; }

private:
    std::filesystem::path directory_;
    local::LocalStoreOptions options_;
    std::unique_ptr<db::sqlite::SqliteDatabase> database_;
    std::unique_ptr<local::LocalStore> store_;
};

}  // namespace larmor::objects::testing
