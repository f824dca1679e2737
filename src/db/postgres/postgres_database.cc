#include "db/postgres/postgres_database.h"

#include "db/postgres/connection.h"
#include "db/postgres/migrate.h"
#include "db/postgres/reader_pool.h"
#include "db/postgres/writer.h"

namespace larmor::db::postgres {
namespace {

/// What the server allows beyond what we allow ourselves: it only ends what we can't end.
constexpr std::chrono::seconds kServerGrace{10};

class PostgresDatabaseImpl final : public PostgresDatabase {
public:
    PostgresDatabaseImpl(const PostgresOptions& options, std::unique_ptr<Connection> first)
        : settings_{.url = options.url},
          readers_(limited(options.read_limit, {}),
                   {options.readers, options.read_limit, options.reader_wait}),
          writer_({.connection = writers(limited(options.write_limit, options.lock_limit)),
                   .queue = {options.queued_max, options.group_max},
                   .group_limit = options.write_limit,
                   .reconnect_wait = options.reconnect_wait},
                  std::move(first)) {}

    static Connection::Settings settings_of(const PostgresOptions& options) {
        return writers(limited({.url = options.url}, options.write_limit, options.lock_limit));
    }

    void before_commit(std::function<Result<void>(Transaction&)> hook) override {
        writer_.before_commit(std::move(hook));
    }
    Result<void> migrate(std::span<const MigrationSet> sets) override {
        return postgres::migrate(settings_, sets);
    }
    WriterStats stats() const override { return writer_.stats(); }
    Dialect dialect() const override { return Dialect::Postgres; }
    void submit(WriteRequest& request) override { writer_.submit(request); }
    PostgresStats postgres_stats() const override { return {writer_.reconnects()}; }

protected:
    Result<void> with_snapshot(const std::function<void(Snapshot&)>& f) override {
        return readers_.run(f);
    }

private:
    static Connection::Settings limited(Connection::Settings settings,
                                        std::chrono::milliseconds transaction,
                                        std::chrono::milliseconds lock) {
        settings.statement_limit = transaction + kServerGrace;
        settings.idle_limit = transaction + kServerGrace;
        settings.lock_limit = lock;
        return settings;
    }
    /// What a writer runs goes by key.
    static Connection::Settings writers(Connection::Settings settings) {
        settings.plan_once = true;
        return settings;
    }
    Connection::Settings limited(std::chrono::milliseconds transaction,
                                 std::chrono::milliseconds lock) const {
        return limited(settings_, transaction, lock);
    }

    const Connection::Settings settings_;
    ReaderPool readers_;
    Writer writer_;
};

}  // namespace

bool is_postgres_url(std::string_view text) {
    return text.starts_with("postgres://") || text.starts_with("postgresql://");
}

Result<std::unique_ptr<PostgresDatabase>> open_postgres(PostgresOptions options) {
    TRY(auto first, Connection::open(PostgresDatabaseImpl::settings_of(options)));
    return std::make_unique<PostgresDatabaseImpl>(options, std::move(first));
}

}  // namespace larmor::db::postgres
