#include "db/tests/each_driver.h"

#include "db/postgres/postgres_database.h"
#include "db/tests/postgres_server.h"

namespace larmor::db::testing {

std::unique_ptr<Database> AnyLibrary::open(AnyOptions options) {
    if (dialect_ == Dialect::Sqlite) {
        sqlite::SqliteOptions sqlite;
        sqlite.path = directory_.path() / "library.db";
        sqlite.readers = options.readers;
        sqlite.queued_max = options.queued_max;
        sqlite.read_limit = options.read_limit;
        sqlite.reader_wait = options.reader_wait;
        return must(sqlite::open_sqlite(std::move(sqlite)));
    }
    if (url_.empty()) url_ = PostgresServer::shared()->make_library();
    postgres::PostgresOptions postgres;
    postgres.url = url_;
    postgres.readers = options.readers;
    postgres.queued_max = options.queued_max;
    postgres.read_limit = options.read_limit;
    postgres.reader_wait = options.reader_wait;
    return must(postgres::open_postgres(std::move(postgres)));
}

std::unique_ptr<Database> AnyLibrary::open_another() {
    return dialect_ == Dialect::Sqlite ? nullptr : open();
}

void EachDriver::SetUp() {
    if (GetParam() == Dialect::Postgres && PostgresServer::shared() == nullptr) {
        GTEST_SKIP() << "PostgreSQL is not installed";
    }
}

std::string name_of_driver(const ::testing::TestParamInfo<Dialect>& info) {
    return info.param == Dialect::Sqlite ? "sqlite" : "postgres";
}

}  // namespace larmor::db::testing
