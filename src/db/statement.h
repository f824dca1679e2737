#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/bytes.h"

namespace larmor::db {

/// One prepared statement of a driver. Callers use `Query`, which gives it back when done.
/// Parameters are written ?1, ?2 ... in the SQL text (a driver of a server that wants $1
/// rewrites them once) and counted from 1; columns are counted from 0. Text is UTF-8.
class Statement {
public:
    virtual ~Statement() = default;

    /// The bytes of text and blobs must live until the next `next`, `run` or `insert` returned.
    virtual void bind_null(int parameter) = 0;
    virtual void bind_int64(int parameter, std::int64_t value) = 0;
    virtual void bind_double(int parameter, double value) = 0;
    virtual void bind_text(int parameter, std::string_view value) = 0;
    virtual void bind_blob(int parameter, Bytes value) = 0;

    /// Moves to the next row; false at the end. Errors: Unavailable (time limit, busy),
    /// Conflict (a constraint), NoSpace, Corrupt; the message has the engine's text, never the
    /// values.
    virtual Result<bool> step() = 0;
    /// Of the row that `step` moved to; views live until the next `step` or `reset`.
    virtual bool is_null(int column) const = 0;
    virtual std::int64_t int64(int column) const = 0;
    virtual double real(int column) const = 0;
    virtual std::string_view text(int column) const = 0;
    virtual Bytes blob(int column) const = 0;

    /// See Query::run_later. A driver without round trips runs it at once.
    virtual Result<void> send() {
        TRY_VOID(step());
        return {};
    }
    /// See Query::insert.
    virtual Result<std::int64_t> insert() {
        TRY_VOID(step());
        return inserted_id();
    }

    virtual std::int64_t rows_changed() const = 0;
    virtual std::int64_t inserted_id() const = 0;

    /// Makes it ready for the next use: no row, no bound values.
    virtual void reset() = 0;
    /// Marks it as free in the connection's cache (or ends it, where it is not cached).
    virtual void release() = 0;
};

/// A prepared statement in use: bound, run, read; given back at the end of its scope. Belongs
/// to the transaction that prepared it and must not outlive it.
///
///     TRY(db::Query query, tx.prepare("SELECT id, size FROM objects WHERE segment = ?1"));
///     query.bind(segment);
///     for (;;) {
///         TRY(const bool row, query.next());
///         if (!row) break;
///         use(query.int64(0), query.int64(1));
///     }
class Query {
public:
    explicit Query(Statement* statement) : statement_(statement) {}
    Query(Query&& other) noexcept : statement_(std::exchange(other.statement_, nullptr)) {}
    Query& operator=(Query&& other) noexcept {
        std::swap(statement_, other.statement_);
        return *this;
    }
    ~Query() {
        if (statement_ != nullptr) {
            statement_->reset();
            statement_->release();
        }
    }

    /// Binds the parameters ?1, ?2, ... in order: integers, double, text, Bytes, nullptr, and
    /// optionals of these. Text and bytes are not copied: they must live until the row was
    /// read.
    template <typename... Values>
    Query& bind(const Values&... values) {
        int parameter = 0;
        (bind_one(++parameter, values), ...);
        return *this;
    }
    template <typename Value>
    Query& bind_at(int parameter, const Value& value) {
        bind_one(parameter, value);
        return *this;
    }

    /// Moves to the next row; false at the end. Errors: as Statement::step.
    Result<bool> next() { return statement_->step(); }
    /// Runs a statement that gives no rows. Gives the number of rows changed, and makes the
    /// query ready to be bound and run again.
    Result<std::int64_t> run() {
        TRY_VOID(statement_->step());
        const std::int64_t changed = statement_->rows_changed();
        statement_->reset();
        return changed;
    }
    /// Runs an INSERT of one row into a table whose key is the integer column `id`; gives that
    /// id, and makes the query ready to be bound and run again.
    Result<std::int64_t> insert() {
        TRY(const std::int64_t id, statement_->insert());
        statement_->reset();
        return id;
    }
    /// As `run`, for a statement whose count of rows nobody needs, in a transaction only. Where
    /// the database is behind a connection it saves a round trip: the statement is sent, and
    /// its error comes with a later one of the same request, or as the request's.
    Result<void> run_later() {
        TRY_VOID(statement_->send());
        statement_->reset();
        return {};
    }
    void reset() { statement_->reset(); }

    bool is_null(int column) const { return statement_->is_null(column); }
    std::int64_t int64(int column) const { return statement_->int64(column); }
    double real(int column) const { return statement_->real(column); }
    /// Empty where the column is NULL. Lives until `next` or the end of the query.
    std::string_view text(int column) const { return statement_->text(column); }
    Bytes blob(int column) const { return statement_->blob(column); }
    std::string string(int column) const { return std::string(text(column)); }
    std::optional<std::int64_t> optional_int64(int column) const {
        return is_null(column) ? std::nullopt : std::optional(int64(column));
    }
    std::optional<double> optional_real(int column) const {
        return is_null(column) ? std::nullopt : std::optional(real(column));
    }

private:
    void bind_one(int parameter, std::nullptr_t) { statement_->bind_null(parameter); }
    void bind_one(int parameter, std::nullopt_t) { statement_->bind_null(parameter); }
    void bind_one(int parameter, double value) { statement_->bind_double(parameter, value); }
    void bind_one(int parameter, std::string_view value) {
        statement_->bind_text(parameter, value);
    }
    void bind_one(int parameter, const std::string& value) {
        statement_->bind_text(parameter, value);
    }
    void bind_one(int parameter, const char* value) { statement_->bind_text(parameter, value); }
    void bind_one(int parameter, Bytes value) { statement_->bind_blob(parameter, value); }
    template <std::integral T>
    void bind_one(int parameter, T value) {
        statement_->bind_int64(parameter, static_cast<std::int64_t>(value));
    }
    template <typename T>
    void bind_one(int parameter, const std::optional<T>& value) {
        if (value) {
            bind_one(parameter, *value);
        } else {
            statement_->bind_null(parameter);
        }
    }

    Statement* statement_;
};

}  // namespace larmor::db
