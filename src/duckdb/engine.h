#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace larmor::duckdb {

using EngineRows = std::vector<std::vector<std::optional<std::string>>>;

/// A database of DuckDB in memory, which reads and writes Parquet. What does not fit into its
/// memory lies in `scratch` meanwhile. One thread at a time uses a connection; connections of
/// one engine are safe beside each other, and each sees what others have committed.
///
/// Errors: NoSpace and Unavailable where a file could not be written or read, LimitExceeded for
/// memory, InvalidInput for everything else. Messages never have values of rows.
class Engine {
public:
    struct Options {
        std::filesystem::path scratch;
        std::uint64_t memory_max_bytes = std::uint64_t{1} << 30;
        unsigned threads = 2;
    };
    /// Loads DuckDB. Errors: Unsupported, with what is missing.
    static Result<void> check();
    /// Errors: as `check`.
    static Result<std::unique_ptr<Engine>> open(const Options& options);
    /// Another connection to the same database; `this` must outlive it.
    Result<std::unique_ptr<Engine>> connect() const;
    ~Engine();
    Engine(const Engine&) = delete;
    Engine& operator=(const Engine&) = delete;

    /// One statement or several with `;` between them.
    Result<void> run(const std::string& sql);
    /// All rows of one statement as text.
    Result<EngineRows> rows(const std::string& sql);
    /// All rows as text, of a statement that one thread works on: what it writes keeps its
    /// order, also where it goes into several files.
    Result<EngineRows> rows_in_order(const std::string& sql);
    /// The first field of the first row; 0 for NULL and where there is none.
    Result<std::int64_t> number(const std::string& sql);

    /// Adds rows to a table, field by field, in the order of its columns. After an error
    /// nothing of it is there.
    class Appender {
    public:
        ~Appender();
        Appender(const Appender&) = delete;
        Appender& operator=(const Appender&) = delete;
        void add(std::string_view text);  ///< UTF-8
        void add(std::int64_t number);
        void add_bool(bool value);
        void add_null();
        void end_row();
        Result<void> finish();

    private:
        friend class Engine;
        struct Parts;
        explicit Appender(std::unique_ptr<Parts> parts);
        std::unique_ptr<Parts> parts_;
    };
    Result<std::unique_ptr<Appender>> append_to(const std::string& table);

private:
    struct Parts;
    explicit Engine(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

/// `'text'`.
std::string quoted_text(std::string_view text);

}  // namespace larmor::duckdb
