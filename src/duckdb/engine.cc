#include "duckdb/engine.h"

#if __has_include(<duckdb.h>)
#include <duckdb.h>
#define LARMOR_HAS_DUCKDB 1
#endif

#include <charconv>

#include "duckdb/library.h"

namespace larmor::duckdb {

std::string quoted_text(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') quoted += '\'';
        quoted += c;
    }
    return quoted + "'";
}

#ifdef LARMOR_HAS_DUCKDB

/// What we call of it, by names that are found when it is loaded.
struct Functions {
#define LARMOR_DUCKDB(X)     \
    X(open_ext)              \
    X(close)                 \
    X(connect)               \
    X(disconnect)            \
    X(create_config)         \
    X(set_config)            \
    X(destroy_config)        \
    X(query)                 \
    X(destroy_result)        \
    X(result_error)          \
    X(result_error_type)     \
    X(row_count)             \
    X(column_count)          \
    X(value_varchar)         \
    X(value_is_null)         \
    X(free)                  \
    X(library_version)       \
    X(appender_create)       \
    X(appender_destroy)      \
    X(appender_end_row)      \
    X(appender_close)        \
    X(append_varchar_length) \
    X(append_int64)          \
    X(append_bool)           \
    X(append_null)
#define LARMOR_MEMBER(name) decltype(&duckdb_##name) name = nullptr;
    LARMOR_DUCKDB(LARMOR_MEMBER)
#undef LARMOR_MEMBER

    static Result<Functions> find() {
        TRY(const Library* const library, Library::shared());
        Functions found;
        const char* missing = nullptr;
#define LARMOR_FIND(name)                                                                      \
    found.name = reinterpret_cast<decltype(&duckdb_##name)>(library->symbol("duckdb_" #name)); \
    if (found.name == nullptr) missing = "duckdb_" #name;
        LARMOR_DUCKDB(LARMOR_FIND)
#undef LARMOR_FIND
#undef LARMOR_DUCKDB
        if (missing != nullptr) {
            return fail(ErrorCode::Unsupported, library->path() + " has no " + missing);
        }
        const std::string_view version = found.library_version();
        if (!version.starts_with("v1.4.")) {
            return fail(ErrorCode::Unsupported, library->path() + " is DuckDB " +
                                                    std::string(version) +
                                                    "; Parquet is written with 1.4");
        }
        return found;
    }
    static Result<const Functions*> shared() {
        static const Result<Functions> kFunctions = find();
        if (!kFunctions) return tl::unexpected(kFunctions.error());
        return &*kFunctions;
    }
};

namespace {

tl::unexpected<Error> failure(duckdb_error_type type, const char* text) {
    const std::string_view message = text == nullptr ? "" : text;
    // These name files and sizes; others may repeat what is in a row.
    const std::string said(message.substr(0, message.find('\n')));
    switch (type) {
        case DUCKDB_ERROR_IO:
            return fail(message.find("No space left") != std::string_view::npos
                            ? ErrorCode::NoSpace
                            : ErrorCode::Unavailable,
                        said);
        case DUCKDB_ERROR_OUT_OF_MEMORY:
            return fail(ErrorCode::LimitExceeded, said);
        case DUCKDB_ERROR_CATALOG:
        case DUCKDB_ERROR_PARSER:
        case DUCKDB_ERROR_BINDER:
        case DUCKDB_ERROR_SETTINGS:
            return fail(ErrorCode::InvalidInput, "DuckDB takes our statement not: " + said);
        default:
            return fail(ErrorCode::InvalidInput,
                        "DuckDB failed with its error " + std::to_string(type));
    }
}

}  // namespace

struct Engine::Parts {
    const Functions& call;
    duckdb_database database = nullptr;
    bool owns_database = false;
    duckdb_connection connection = nullptr;
    unsigned threads = 1;

    explicit Parts(const Functions& functions) : call(functions) {}
    ~Parts() {
        if (connection != nullptr) call.disconnect(&connection);
        if (owns_database && database != nullptr) call.close(&database);
    }
    Parts(const Parts&) = delete;
    Parts& operator=(const Parts&) = delete;
};

namespace {

class OneResult {
public:
    explicit OneResult(const Functions& call) : call_(call) {}
    ~OneResult() { call_.destroy_result(&result); }
    OneResult(const OneResult&) = delete;
    OneResult& operator=(const OneResult&) = delete;
    duckdb_result result{};

private:
    const Functions& call_;
};

class Config {
public:
    explicit Config(const Functions& call) : call_(call) { call_.create_config(&config); }
    ~Config() { call_.destroy_config(&config); }
    Config(const Config&) = delete;
    Config& operator=(const Config&) = delete;
    void set(const char* name, const std::string& value) {
        call_.set_config(config, name, value.c_str());
    }
    duckdb_config config = nullptr;

private:
    const Functions& call_;
};

}  // namespace

Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::~Engine() = default;

Result<void> Engine::check() {
    return Functions::shared().map([](const Functions*) {});
}

Result<std::unique_ptr<Engine>> Engine::open(const Options& options) {
    TRY(const Functions* const call, Functions::shared());
    Config config(*call);
    config.set("threads", std::to_string(options.threads));
    config.set("memory_limit", std::to_string(options.memory_max_bytes >> 20) + "MiB");
    config.set("temp_directory", options.scratch.string());
    config.set("autoinstall_known_extensions", "false");
    config.set("autoload_known_extensions", "false");
    config.set("preserve_insertion_order", "true");
    auto parts = std::make_unique<Parts>(*call);
    parts->owns_database = true;
    parts->threads = options.threads;
    char* error = nullptr;
    if (call->open_ext(nullptr, &parts->database, config.config, &error) == DuckDBError) {
        std::string said = error == nullptr ? "" : error;
        call->free(error);
        return fail(ErrorCode::Unavailable, "DuckDB can't be opened: " + said);
    }
    if (call->connect(parts->database, &parts->connection) == DuckDBError) {
        return fail(ErrorCode::Unavailable, "DuckDB gives no connection");
    }
    return std::unique_ptr<Engine>(new Engine(std::move(parts)));
}

Result<std::unique_ptr<Engine>> Engine::connect() const {
    auto parts = std::make_unique<Parts>(parts_->call);
    parts->database = parts_->database;
    parts->threads = parts_->threads;
    if (parts->call.connect(parts->database, &parts->connection) == DuckDBError) {
        return fail(ErrorCode::Unavailable, "DuckDB gives no connection");
    }
    return std::unique_ptr<Engine>(new Engine(std::move(parts)));
}

Result<void> Engine::run(const std::string& sql) {
    OneResult one(parts_->call);
    if (parts_->call.query(parts_->connection, sql.c_str(), &one.result) == DuckDBError) {
        return failure(parts_->call.result_error_type(&one.result),
                       parts_->call.result_error(&one.result));
    }
    return {};
}

Result<EngineRows> Engine::rows(const std::string& sql) {
    const Functions& call = parts_->call;
    OneResult one(call);
    if (call.query(parts_->connection, sql.c_str(), &one.result) == DuckDBError) {
        return failure(call.result_error_type(&one.result), call.result_error(&one.result));
    }
    EngineRows rows(call.row_count(&one.result));
    const auto columns = call.column_count(&one.result);
    for (std::size_t row = 0; row < rows.size(); ++row) {
        for (std::size_t column = 0; column < columns; ++column) {
            auto& field = rows[row].emplace_back();
            if (call.value_is_null(&one.result, column, row)) continue;
            char* const text = call.value_varchar(&one.result, column, row);
            if (text == nullptr) continue;
            field = text;
            call.free(text);
        }
    }
    return rows;
}

Result<EngineRows> Engine::rows_in_order(const std::string& sql) {
    // By a connection of its own: after an error in a transaction this one sets nothing.
    TRY(const auto setter, connect());
    TRY_VOID(setter->run("SET threads = 1"));
    auto found = rows(sql);
    const auto set = setter->run("SET threads = " + std::to_string(parts_->threads));
    if (found && !set) return tl::unexpected(set.error());
    return found;
}

struct Engine::Appender::Parts {
    const Functions& call;
    duckdb_appender appender = nullptr;
    bool failed = false;

    explicit Parts(const Functions& functions) : call(functions) {}
    void note(duckdb_state state) { failed = failed || state == DuckDBError; }
};

Engine::Appender::Appender(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::Appender::~Appender() {
    parts_->call.appender_destroy(&parts_->appender);
}

void Engine::Appender::add(std::string_view text) {
    parts_->note(
        parts_->call.append_varchar_length(parts_->appender, text.data(), text.size()));
}
void Engine::Appender::add(std::int64_t number) {
    parts_->note(parts_->call.append_int64(parts_->appender, number));
}
void Engine::Appender::add_bool(bool value) {
    parts_->note(parts_->call.append_bool(parts_->appender, value));
}
void Engine::Appender::add_null() {
    parts_->note(parts_->call.append_null(parts_->appender));
}
void Engine::Appender::end_row() {
    parts_->note(parts_->call.appender_end_row(parts_->appender));
}

Result<void> Engine::Appender::finish() {
    // A failed row fails the closing too, which must not be left to the destructor.
    parts_->note(parts_->call.appender_close(parts_->appender));
    if (!parts_->failed) return {};
    return fail(ErrorCode::InvalidInput, "DuckDB takes a row not");
}

Result<std::unique_ptr<Engine::Appender>> Engine::append_to(const std::string& table) {
    auto parts = std::make_unique<Appender::Parts>(parts_->call);
    if (parts_->call.appender_create(parts_->connection, nullptr, table.c_str(),
                                     &parts->appender) == DuckDBError) {
        parts_->call.appender_destroy(&parts->appender);
        return fail(ErrorCode::InvalidInput, "DuckDB takes no rows for " + table);
    }
    return std::unique_ptr<Appender>(new Appender(std::move(parts)));
}

#else  // built where DuckDB is not to be had

struct Engine::Parts {};
struct Engine::Appender::Parts {};
Engine::Engine(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::~Engine() = default;
Engine::Appender::Appender(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Engine::Appender::~Appender() = default;

namespace {
tl::unexpected<Error> none() {
    return fail(ErrorCode::Unsupported,
                "this larmor was built without DuckDB, with which Parquet is written: there "
                "is none for this processor, or `./dev setup` has not brought it");
}
}  // namespace

Result<void> Engine::check() {
    return none();
}
Result<std::unique_ptr<Engine>> Engine::open(const Options& /*options*/) {
    return none();
}
Result<std::unique_ptr<Engine>> Engine::connect() const {
    return none();
}
Result<void> Engine::run(const std::string& /*sql*/) {
    return none();
}
Result<EngineRows> Engine::rows(const std::string& /*sql*/) {
    return none();
}
Result<EngineRows> Engine::rows_in_order(const std::string& /*sql*/) {
    return none();
}
Result<std::unique_ptr<Engine::Appender>> Engine::append_to(const std::string& /*table*/) {
    return none();
}
void Engine::Appender::add(std::string_view /*text*/) {}
void Engine::Appender::add(std::int64_t /*number*/) {}
void Engine::Appender::add_bool(bool /*value*/) {}
void Engine::Appender::add_null() {}
void Engine::Appender::end_row() {}
Result<void> Engine::Appender::finish() {
    return none();
}

#endif

Result<std::int64_t> Engine::number(const std::string& sql) {
    TRY(const auto found, rows(sql));
    std::int64_t value = 0;
    if (!found.empty() && !found[0].empty() && found[0][0]) {
        const std::string& text = *found[0][0];
        std::from_chars(text.data(), text.data() + text.size(), value);
    }
    return value;
}

}  // namespace larmor::duckdb
