#pragma once
#include <sqlite3.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "db/statement.h"

namespace larmor::db::sqlite {

/// The Error of a failed call: the extended result code decides what the caller can do; the
/// text is SQLite's, which names tables and columns and never values.
Error error_of(int extended_code, sqlite3* handle, std::string_view what);

/// One connection with its cache of prepared statements. Used by one thread at a time.
class Connection {
public:
    enum class Mode : bool { ReadWrite, ReadOnly };
    struct Settings {
        std::string vfs;  ///< name of a registered VFS
        std::uint64_t cache_bytes = 0;
        std::uint64_t mmap_bytes = 0;
    };
    static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& path,
                                                    Mode mode, const Settings& settings);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    Result<Query> prepare(std::string_view sql);
    /// A statement without parameters or rows that comes again and again: prepared once.
    Result<void> run(std::string_view sql);
    /// One or more statements without parameters or rows.
    Result<void> execute(const std::string& sql);
    /// A pragma or query with one integer as its answer.
    Result<std::int64_t> integer(const std::string& sql);

    sqlite3* handle() const { return handle_; }
    /// True while a transaction is open; an error can end it on its own.
    bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }

private:
    class SqliteStatement;
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const {
            return std::hash<std::string_view>{}(text);
        }
    };

    explicit Connection(sqlite3* handle);

    /// Enough for every literal text; those of searches that were put together come and go.
    static constexpr std::size_t kCachedMax = 512;

    sqlite3* handle_;
    std::unordered_map<std::string, std::unique_ptr<SqliteStatement>, TextHash, std::equal_to<>>
        cache_;
};

}  // namespace larmor::db::sqlite
