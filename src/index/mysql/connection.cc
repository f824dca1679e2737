#include "index/mysql/connection.h"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/percent.h"

namespace larmor::index::mysql {
namespace {

constexpr std::string_view kScheme = "mysql://";
constexpr std::size_t kRowsMax = 100'000;

struct ResultDeleter {
    void operator()(MYSQL_RES* result) const { mysql_free_result(result); }
};

/// Shorter than the time-out of a read: who waits for others is in their way, not lost.
constexpr std::chrono::seconds kLockWait{15};
/// A statement is put together up to this; the server's own limit may be lower.
constexpr std::size_t kStatementBytes = std::size_t{1} << 20;

/// The session has seen that it takes them, and somebody has switched that off meanwhile. The
/// statement has done nothing.
bool takes_no_files(unsigned number) {
    constexpr unsigned kLocalFilesDisabledOfMysql8 = 3948;
    return number == ER_NOT_ALLOWED_COMMAND || number == ER_LOAD_INFILE_CAPABILITY_DISABLED ||
           number == kLocalFilesDisabledOfMysql8;
}

/// The client has no connection any more, or can't go on with it. The numbers of newer errors
/// of a server are above those of clients.
bool is_lost_by(unsigned number) {
    const bool is_of_client = (number >= CR_MIN_ERROR && number <= CR_MAX_ERROR) ||
                              (number >= CER_MIN_ERROR && number <= CR_MARIADB_LAST_ERROR);
    return is_of_client || number == ER_SERVER_SHUTDOWN || number == ER_CONNECTION_KILLED ||
           number == ER_QUERY_INTERRUPTED;
}

/// Of an error that leaves the connection as it is.
ErrorCode code_of(unsigned number) {
    switch (number) {
        case ER_LOCK_DEADLOCK:
        case ER_LOCK_WAIT_TIMEOUT:
        case ER_CHECKREAD:
        // What another row stands on was read, and then somebody removed it.
        case ER_NO_REFERENCED_ROW_2:
            return ErrorCode::Conflict;
        case ER_DISK_FULL:
        case ER_RECORD_FILE_FULL:
            return ErrorCode::NoSpace;
        case ER_ACCESS_DENIED_ERROR:
        case ER_DBACCESS_DENIED_ERROR:
        case ER_TABLEACCESS_DENIED_ERROR:
        case ER_COLUMNACCESS_DENIED_ERROR:
        case ER_SPECIFIC_ACCESS_DENIED_ERROR:
            return ErrorCode::Denied;
        case ER_BAD_DB_ERROR:
        case ER_NO_DB_ERROR:
        case ER_NO_SUCH_TABLE:
        case ER_BAD_FIELD_ERROR:
        case ER_OPTION_PREVENTS_STATEMENT:
        case ER_TOO_MANY_USER_CONNECTIONS:
            return ErrorCode::Unavailable;
        default:
            return ErrorCode::InvalidInput;
    }
}

Result<std::string> part(std::string_view text) {
    return percent_decode(text);
}

Result<void> parse_option(std::string_view option, ConnectionSettings& settings) {
    const auto equals = option.find('=');
    const auto name = option.substr(0, equals);
    TRY(const std::string value,
        part(equals == std::string_view::npos ? "" : option.substr(equals + 1)));
    if (name == "socket") {
        settings.socket = value;
        return {};
    }
    if (name == "tls" && value == "required") {
        settings.tls_required = true;
        return {};
    }
    return fail(ErrorCode::InvalidInput,
                "a mysql:// URL takes socket=PATH and tls=required, not " + std::string(name));
}

}  // namespace

Result<ConnectionSettings> parse_mysql_url(std::string_view url) {
    if (!url.starts_with(kScheme)) {
        return fail(ErrorCode::InvalidInput, "not mysql://user@host:port/database");
    }
    url.remove_prefix(kScheme.size());
    ConnectionSettings settings;
    std::string_view options;
    if (const auto at = url.find('?'); at != std::string_view::npos) {
        options = url.substr(at + 1);
        url = url.substr(0, at);
    }
    std::string_view database = "ahiindex";
    if (const auto at = url.find('/'); at != std::string_view::npos) {
        if (at + 1 < url.size()) database = url.substr(at + 1);
        url = url.substr(0, at);
    }
    TRY(settings.database, part(database));
    if (const auto at = url.rfind('@'); at != std::string_view::npos) {
        const auto user = url.substr(0, at);
        if (user.find(':') != std::string_view::npos) {
            return fail(ErrorCode::InvalidInput,
                        "a mysql:// URL takes no password: others can see it there");
        }
        TRY(settings.user, part(user));
        url = url.substr(at + 1);
    }
    if (const auto at = url.rfind(':'); at != std::string_view::npos) {
        const auto port = url.substr(at + 1);
        const auto [end, error] =
            std::from_chars(port.data(), port.data() + port.size(), settings.port);
        if (error != std::errc() || end != port.data() + port.size() || settings.port == 0) {
            return fail(ErrorCode::InvalidInput, "the port of the mysql:// URL is no port");
        }
        url = url.substr(0, at);
    }
    TRY(settings.host, part(url));
    while (!options.empty()) {
        const auto at = options.find('&');
        TRY_VOID(parse_option(options.substr(0, at), settings));
        options = at == std::string_view::npos ? std::string_view() : options.substr(at + 1);
    }
    if (settings.host.empty() && settings.socket.empty()) {
        return fail(ErrorCode::InvalidInput, "the mysql:// URL has neither host nor socket");
    }
    return settings;
}

struct Connection::Handle {
    MYSQL mysql{};
    std::string_view to_load;  ///< what `load` has still to send
    bool is_loading = false;

    Handle() {
        mysql_init(&mysql);
        // Whatever name a server asks for, no file is ever read.
        mysql_set_local_infile_handler(&mysql, begin_file, read_file, end_file, fail_file,
                                       this);
        const unsigned on = 1;
        mysql_options(&mysql, MYSQL_OPT_LOCAL_INFILE, &on);
    }
    ~Handle() { mysql_close(&mysql); }
    Handle(const Handle&) = delete;
    Handle& operator=(const Handle&) = delete;

private:
    static int begin_file(void** file, const char* /*name*/, void* handle) {
        *file = handle;
        return static_cast<Handle*>(handle)->is_loading ? 0 : 1;
    }
    static int read_file(void* file, char* buffer, unsigned size) {
        auto& to_load = static_cast<Handle*>(file)->to_load;
        const std::size_t count = to_load.copy(buffer, size);
        to_load.remove_prefix(count);
        return static_cast<int>(count);
    }
    static void end_file(void* /*file*/) {}
    static int fail_file(void* /*file*/, char* message, unsigned size) {
        if (size > 0) *message = '\0';
        return CR_UNKNOWN_ERROR;
    }
};

Connection::Connection(std::unique_ptr<Handle> handle) : handle_(std::move(handle)) {}
Connection::~Connection() = default;

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionSettings& settings) {
    auto handle = std::make_unique<Handle>();
    MYSQL* const mysql = &handle->mysql;
    const auto seconds = static_cast<unsigned>(settings.timeout.count());
    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &seconds);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &seconds);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    const my_bool tls_required = settings.tls_required ? 1 : 0;
    mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &tls_required);
    mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &tls_required);
    const auto or_null = [](const std::string& text) {
        return text.empty() ? nullptr : text.c_str();
    };
    std::unique_ptr<Connection> connection(new Connection(std::move(handle)));
    if (mysql_real_connect(mysql, or_null(settings.host), or_null(settings.user),
                           or_null(settings.password), nullptr, settings.port,
                           or_null(settings.socket), 0) == nullptr) {
        const unsigned number = mysql_errno(mysql);
        if (number == ER_ACCESS_DENIED_ERROR) {
            return fail(ErrorCode::Denied, "the MySQL server refuses the name or the password");
        }
        return fail(ErrorCode::Unavailable, "there is no connection to the MySQL server (" +
                                                std::to_string(number) + ": " +
                                                mysql_error(mysql) + ")");
    }
    TRY_VOID(
        connection->run("SET SESSION sql_mode = 'STRICT_ALL_TABLES', time_zone = '+00:00',"
                        " foreign_key_checks = 1, innodb_lock_wait_timeout = " +
                        std::to_string(kLockWait.count())));
    TRY_VOID(connection->run("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"));
    std::string use = "CREATE DATABASE IF NOT EXISTS `" + settings.database +
                      "`"
                      " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
    if (settings.database.find('`') != std::string::npos) {
        return fail(ErrorCode::InvalidInput, "the name of the database has a backtick");
    }
    // Who may not make it may still use it.
    if (const auto made = connection->run(use); !made && connection->is_lost()) {
        return tl::unexpected(made.error());
    }
    connection->is_outdated_ = false;
    TRY_VOID(connection->run("USE `" + settings.database + "`"));
    TRY(const auto packet, connection->number("SELECT @@max_allowed_packet"));
    connection->statement_max_bytes_ =
        std::min(kStatementBytes, static_cast<std::size_t>(packet.value_or(0)) / 2);
    TRY(const auto can_load, connection->number("SELECT @@local_infile"));
    connection->can_load_ = can_load.value_or(0) != 0;
    return connection;
}

tl::unexpected<Error> Connection::failure(std::string_view what) {
    const unsigned number = mysql_errno(&handle_->mysql);
    const std::string text = std::string(what) + " failed with MySQL's error " +
                             std::to_string(number) + ", SQLSTATE " +
                             mysql_sqlstate(&handle_->mysql);
    if (is_lost_by(number)) {
        is_lost_ = true;
        return fail(ErrorCode::Unavailable, text);
    }
    const ErrorCode code = code_of(number);
    is_outdated_ =
        is_outdated_ || (code != ErrorCode::InvalidInput && code != ErrorCode::Conflict);
    return fail(code, text);
}

Result<void> Connection::run(std::string_view sql) {
    if (mysql_real_query(&handle_->mysql, sql.data(), sql.size()) != 0) {
        return failure(sql.substr(0, sql.find(' ')));
    }
    if (mysql_field_count(&handle_->mysql) == 0) return {};
    // What it sends would be taken for the answer of the next statement.
    is_lost_ = true;
    return fail(ErrorCode::Unavailable, "the MySQL server answers a statement with rows");
}

Result<Connection::Loaded> Connection::load(std::string_view table, std::string_view columns,
                                            std::string_view rows) {
    handle_->to_load = rows;
    handle_->is_loading = true;
    const auto done = run("LOAD DATA LOCAL INFILE 'rows' INTO TABLE " + std::string(table) +
                          " CHARACTER SET utf8mb4 (" + std::string(columns) + ")");
    handle_->is_loading = false;
    if (!done && takes_no_files(mysql_errno(&handle_->mysql))) {
        can_load_ = false;
        return Loaded{.rows = 0, .has_warnings = true};
    }
    if (!done) return tl::unexpected(done.error());
    return Loaded{.rows = mysql_affected_rows(&handle_->mysql),
                  .has_warnings = mysql_warning_count(&handle_->mysql) > 0};
}

Result<std::vector<Connection::Row>> Connection::rows(std::string_view sql) {
    if (mysql_real_query(&handle_->mysql, sql.data(), sql.size()) != 0)
        return failure("SELECT");
    const std::unique_ptr<MYSQL_RES, ResultDeleter> result(mysql_store_result(&handle_->mysql));
    if (!result) return failure("SELECT");
    const unsigned columns = mysql_num_fields(result.get());
    std::vector<Row> rows;
    while (MYSQL_ROW values = mysql_fetch_row(result.get())) {
        if (rows.size() == kRowsMax) {
            return fail(ErrorCode::LimitExceeded, "more rows than one answer may have");
        }
        const unsigned long* const lengths = mysql_fetch_lengths(result.get());
        Row& row = rows.emplace_back(columns);
        for (unsigned i = 0; i < columns; ++i) {
            if (values[i] != nullptr) row[i].emplace(values[i], lengths[i]);
        }
    }
    return rows;
}

Result<std::optional<std::int64_t>> Connection::number(std::string_view sql) {
    TRY(const auto found, rows(sql));
    if (found.empty() || found.front().empty() || !found.front().front()) {
        return std::optional<std::int64_t>();
    }
    const std::string& text = *found.front().front();
    std::int64_t value = 0;
    std::from_chars(text.data(), text.data() + text.size(), value);
    return std::optional(value);
}

std::int64_t Connection::last_insert_id() const {
    return static_cast<std::int64_t>(mysql_insert_id(&handle_->mysql));
}

Result<void> Connection::run_script(std::string_view statements) {
    MYSQL* const mysql = &handle_->mysql;
    // Off at all other times: a statement that breaks out of its quotes ends in an error.
    mysql_set_server_option(mysql, MYSQL_OPTION_MULTI_STATEMENTS_ON);
    auto outcome = run_statements(statements);
    if (!is_lost_) mysql_set_server_option(mysql, MYSQL_OPTION_MULTI_STATEMENTS_OFF);
    return outcome;
}

Result<void> Connection::run_statements(std::string_view statements) {
    MYSQL* const mysql = &handle_->mysql;
    if (mysql_real_query(mysql, statements.data(), statements.size()) != 0) {
        return failure("the schema");
    }
    for (;;) {
        const std::unique_ptr<MYSQL_RES, ResultDeleter> ignored(mysql_store_result(mysql));
        const int more = mysql_next_result(mysql);
        if (more < 0) return {};
        if (more > 0) return failure("the schema");
    }
}

}  // namespace larmor::index::mysql
