#pragma once
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larmor::index::mysql {

struct ConnectionSettings {
    std::string host;    ///< empty: by `socket`
    std::string socket;  ///< a path
    std::uint16_t port = 3306;
    std::string user;
    std::string password;
    std::string database;
    bool tls_required = false;
    std::chrono::seconds timeout{30};  ///< of connecting, and of each read and write
};

/// `mysql://user@host:port/database?socket=/path&tls=required`; what is missing has the values
/// above, the database `ahiindex`. A password in it is refused: others see command lines.
/// Errors: InvalidInput.
Result<ConnectionSettings> parse_mysql_url(std::string_view url);

/// One session of a MySQL or MariaDB server: UTF-8, UTC, strict, READ COMMITTED. Used by one
/// thread at a time. Blocks. Once lost it stays so.
class Connection {
public:
    /// Errors: Unavailable; Denied (name or password).
    static Result<std::unique_ptr<Connection>> open(const ConnectionSettings& settings);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// One statement. Errors: Conflict where another transaction was in the way, which has
    /// rolled back all of this one; NoSpace (the server's disk); Denied (a right that the user
    /// has not); Unavailable (the connection is lost, or there is no such table or column);
    /// InvalidInput with the server's number of the error and never its text, which can quote
    /// values.
    Result<void> run(std::string_view sql);
    using Row = std::vector<std::optional<std::string>>;
    /// The rows of one statement, which are not many.
    Result<std::vector<Row>> rows(std::string_view sql);
    /// The first number of the first row; nothing where there is no row or it is NULL.
    Result<std::optional<std::int64_t>> number(std::string_view sql);
    /// Of the last INSERT, or what it passed to LAST_INSERT_ID.
    std::int64_t last_insert_id() const;
    /// Whether the server takes rows as files of the client, which costs it half of what
    /// statements do. No more once it has refused one.
    bool can_load() const { return can_load_; }
    struct Loaded {
        std::uint64_t rows = 0;     ///< that went in: what is there already stays as it is
        bool has_warnings = false;  ///< some values may not be in their rows as they are
    };
    /// Rows of a table, each ended by a line feed, of fields with tabs between them
    /// (append_escaped, append_field). No rows, with warnings, where the server does not take
    /// files any more: what is open goes on. Errors: as `run`.
    Result<Loaded> load(std::string_view table, std::string_view columns,
                        std::string_view rows);
    /// Several statements, each ended by a semicolon.
    Result<void> run_script(std::string_view statements);

    /// What one statement may have, in bytes.
    std::size_t statement_max_bytes() const { return statement_max_bytes_; }
    bool is_lost() const { return is_lost_; }
    /// The server has refused a statement whatever its values: for what it has, what the user
    /// may, or its disk. What was read of its tables may not be so any more.
    bool is_outdated() const { return is_outdated_; }

private:
    struct Handle;
    explicit Connection(std::unique_ptr<Handle> handle);
    Result<void> run_statements(std::string_view statements);
    tl::unexpected<Error> failure(std::string_view what);

    std::unique_ptr<Handle> handle_;
    std::size_t statement_max_bytes_ = std::size_t{1} << 20;
    bool can_load_ = false;
    bool is_lost_ = false;
    bool is_outdated_ = false;
};

}  // namespace larmor::index::mysql
