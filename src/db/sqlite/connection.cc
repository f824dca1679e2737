#include "db/sqlite/connection.h"

namespace larmor::db::sqlite {
namespace {

ErrorCode code_of(int extended_code) {
    switch (extended_code & 0xff) {
        case SQLITE_CONSTRAINT:
            return ErrorCode::Conflict;
        case SQLITE_FULL:
        case SQLITE_READONLY:
            return ErrorCode::NoSpace;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return ErrorCode::Corrupt;
        case SQLITE_TOOBIG:
            return ErrorCode::LimitExceeded;
        case SQLITE_ERROR:
        case SQLITE_MISUSE:
        case SQLITE_RANGE:
        case SQLITE_MISMATCH:
            return ErrorCode::InvalidInput;
        default:  // BUSY, LOCKED, INTERRUPT, IOERR, NOMEM, CANTOPEN, PROTOCOL
            return ErrorCode::Unavailable;
    }
}

}  // namespace

Error error_of(int extended_code, sqlite3* handle, std::string_view what) {
    std::string message(what);
    message += ": ";
    if ((extended_code & 0xff) == SQLITE_INTERRUPT) {
        message += "the snapshot was held longer than its limit";
    } else {
        message += handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(extended_code);
        message += " (SQLite " + std::to_string(extended_code) + ")";
    }
    return {code_of(extended_code), std::move(message)};
}

class Connection::SqliteStatement final : public Statement {
public:
    SqliteStatement(sqlite3* handle, sqlite3_stmt* statement, bool cached)
        : in_use(true), handle_(handle), statement_(statement), cached_(cached) {}
    ~SqliteStatement() override { sqlite3_finalize(statement_); }
    SqliteStatement(const SqliteStatement&) = delete;
    SqliteStatement& operator=(const SqliteStatement&) = delete;

    // A failed bind (a parameter that the text does not have) is our own mistake.
    void bind_null(int parameter) override { check(sqlite3_bind_null(statement_, parameter)); }
    void bind_int64(int parameter, std::int64_t value) override {
        check(sqlite3_bind_int64(statement_, parameter, value));
    }
    void bind_double(int parameter, double value) override {
        check(sqlite3_bind_double(statement_, parameter, value));
    }
    void bind_text(int parameter, std::string_view value) override {
        // A null pointer would bind NULL.
        const char* data = value.data() != nullptr ? value.data() : "";
        check(sqlite3_bind_text64(statement_, parameter, data, value.size(), SQLITE_STATIC,
                                  SQLITE_UTF8));
    }
    void bind_blob(int parameter, Bytes value) override {
        const void* data =
            value.data() != nullptr ? static_cast<const void*>(value.data()) : "";
        check(sqlite3_bind_blob64(statement_, parameter, data, value.size(), SQLITE_STATIC));
    }

    Result<bool> step() override {
        const int code = sqlite3_step(statement_);
        if (code == SQLITE_ROW) return true;
        if (code == SQLITE_DONE) return false;
        return tl::unexpected(error_of(sqlite3_extended_errcode(handle_), handle_, "SQL"));
    }
    bool is_null(int column) const override {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    std::int64_t int64(int column) const override {
        return sqlite3_column_int64(statement_, column);
    }
    double real(int column) const override { return sqlite3_column_double(statement_, column); }
    std::string_view text(int column) const override {
        const auto* data = sqlite3_column_text(statement_, column);
        if (data == nullptr) return {};
        return {reinterpret_cast<const char*>(data),
                static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }
    Bytes blob(int column) const override {
        const auto* data =
            static_cast<const std::byte*>(sqlite3_column_blob(statement_, column));
        if (data == nullptr) return {};
        return {data, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
    }

    std::int64_t rows_changed() const override { return sqlite3_changes64(handle_); }
    std::int64_t inserted_id() const override { return sqlite3_last_insert_rowid(handle_); }

    void reset() override {
        sqlite3_reset(statement_);
        // The bound bytes belong to the caller and may be gone before the next use.
        sqlite3_clear_bindings(statement_);
    }
    void release() override {
        in_use = false;
        if (!cached_) delete this;
    }

    bool in_use;

private:
    static void check(int code) { LARMOR_CHECK(code == SQLITE_OK || code == SQLITE_NOMEM); }

    sqlite3* handle_;
    sqlite3_stmt* statement_;
    bool cached_;
};

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& path,
                                                     Mode mode, const Settings& settings) {
    sqlite3* handle = nullptr;
    // A reader opens for writing too: in WAL mode it takes part in the shared index; query_only
    // below keeps it from changing anything.
    const int code = sqlite3_open_v2(path.c_str(), &handle,
                                     SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
                                         SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                     settings.vfs.c_str());
    std::unique_ptr<Connection> connection(new Connection(handle));
    if (code != SQLITE_OK) {
        return tl::unexpected(error_of(code, handle, "open " + path.string()));
    }
    sqlite3_busy_timeout(handle, 5000);
    const auto kib = [](std::uint64_t bytes) { return std::to_string(bytes >> 10); };
    // auto_vacuum: Debian's default moves pages around; it only counts before the first table.
    // case_sensitive_like: LIKE as the standard and other engines have it, and usable by an
    // index.
    TRY_VOID(connection->execute("PRAGMA auto_vacuum=NONE; PRAGMA cache_size=-" +
                                 kib(settings.cache_bytes) +
                                 "; PRAGMA mmap_size=" + std::to_string(settings.mmap_bytes) +
                                 "; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; "
                                 "PRAGMA case_sensitive_like=ON; PRAGMA synchronous=FULL; "
                                 "PRAGMA trusted_schema=OFF"));
    if (mode == Mode::ReadOnly) TRY_VOID(connection->execute("PRAGMA query_only=ON"));
    return connection;
}

Connection::Connection(sqlite3* handle) : handle_(handle) {}

Connection::~Connection() {
    cache_.clear();
    sqlite3_close(handle_);
}

Result<Query> Connection::prepare(std::string_view sql) {
    const auto cached = cache_.find(sql);
    if (cached != cache_.end() && !cached->second->in_use) {
        cached->second->in_use = true;
        return Query(cached->second.get());
    }
    sqlite3_stmt* statement = nullptr;
    const char* tail = nullptr;
    const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &statement, &tail);
    if (code != SQLITE_OK) return tl::unexpected(error_of(code, handle_, "SQL"));
    LARMOR_CHECK(statement != nullptr);
    // The same text in use twice at a time (a loop inside a loop) gets a statement of its own.
    const bool keep = cached == cache_.end() && cache_.size() < kCachedMax;
    auto made = std::make_unique<SqliteStatement>(handle_, statement, keep);
    if (!keep) return Query(made.release());
    auto* raw = made.get();
    cache_.emplace(sql, std::move(made));
    return Query(raw);
}

Result<void> Connection::execute(const std::string& sql) {
    const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) {
        return tl::unexpected(error_of(sqlite3_extended_errcode(handle_), handle_, "SQL"));
    }
    return {};
}

Result<void> Connection::run(std::string_view sql) {
    TRY(Query query, prepare(sql));
    TRY_VOID(query.run());
    return {};
}

Result<std::int64_t> Connection::integer(const std::string& sql) {
    TRY(Query query, prepare(sql));
    TRY(const bool row, query.next());
    return row ? query.int64(0) : 0;
}

}  // namespace larmor::db::sqlite
