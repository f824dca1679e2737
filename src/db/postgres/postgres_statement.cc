#include "db/postgres/postgres_statement.h"

#include <charconv>

#include "db/postgres/values.h"

namespace larmor::db::postgres {

void PostgresStatement::begin(std::shared_ptr<PreparedText> text) {
    text_ = std::move(text);
    values_.resize(static_cast<std::size_t>(text_->sql.parameters));
}

PostgresStatement::Value& PostgresStatement::value_of(int parameter) {
    // A parameter that the text does not have is our own mistake.
    LARMOR_CHECK(parameter >= 1 && static_cast<std::size_t>(parameter) <= values_.size());
    return values_[static_cast<std::size_t>(parameter) - 1];
}

void PostgresStatement::bind_null(int parameter) {
    value_of(parameter).kind = Value::Kind::Null;
}

void PostgresStatement::bind_int64(int parameter, std::int64_t number) {
    Value& value = value_of(parameter);
    value.kind = Value::Kind::Number;
    *std::to_chars(value.number.data(), value.number.data() + value.number.size() - 1, number)
         .ptr = '\0';
}

void PostgresStatement::bind_double(int parameter, double number) {
    Value& value = value_of(parameter);
    value.kind = Value::Kind::Number;
    *std::to_chars(value.number.data(), value.number.data() + value.number.size() - 1, number)
         .ptr = '\0';
}

void PostgresStatement::bind_text(int parameter, std::string_view text) {
    Value& value = value_of(parameter);
    value.kind = Value::Kind::Text;
    value.text.assign(text);  // copied, since it must end with a zero
}

void PostgresStatement::bind_blob(int parameter, Bytes bytes) {
    Value& value = value_of(parameter);
    value.kind = Value::Kind::Blob;
    value.blob = bytes;
}

Result<void> PostgresStatement::send_text(const std::shared_ptr<PreparedText>& text) {
    auto& [pointers, sizes, formats] = parameters_;
    pointers.resize(values_.size());
    sizes.resize(values_.size());
    formats.resize(values_.size());
    for (std::size_t i = 0; i < values_.size(); ++i) {
        const Value& value = values_[i];
        formats[i] = value.kind == Value::Kind::Blob ? 1 : 0;
        switch (value.kind) {
            case Value::Kind::Null:
                pointers[i] = nullptr;
                break;
            case Value::Kind::Number:
                pointers[i] = value.number.data();
                break;
            case Value::Kind::Text:
                if (value.text.find('\0') != std::string::npos) {
                    return fail(ErrorCode::InvalidInput,
                                "SQL: PostgreSQL keeps no text that has a zero byte");
                }
                pointers[i] = value.text.c_str();
                break;
            case Value::Kind::Blob:
                pointers[i] =
                    value.blob.empty() ? "" : reinterpret_cast<const char*>(value.blob.data());
                sizes[i] = static_cast<int>(value.blob.size());
                break;
        }
    }
    return connection_.send_prepared(text, parameters_);
}

Result<void> PostgresStatement::run(const std::shared_ptr<PreparedText>& text) {
    TRY_VOID(send_text(text));
    TRY(result_, connection_.await_last());
    for (int column = 0; column < PQnfields(result_.get()); ++column) {
        if (!is_readable(PQftype(result_.get(), column))) {
            return fail(ErrorCode::InvalidInput,
                        std::string("SQL: the type of the column ") +
                            PQfname(result_.get(), column) +
                            " is not read: cast it to text, bigint or double precision");
        }
    }
    row_ = -1;
    return {};
}

Result<bool> PostgresStatement::step() {
    if (!result_) TRY_VOID(run(text_));
    return ++row_ < PQntuples(result_.get());
}

Result<void> PostgresStatement::send() {
    return send_text(text_);
}

Result<std::int64_t> PostgresStatement::insert() {
    TRY_VOID(run(connection_.returning_id(text_)));
    row_ = 0;
    inserted_id_ = PQntuples(result_.get()) == 1 ? int64(0) : 0;
    return inserted_id_;
}

bool PostgresStatement::is_null(int column) const {
    return PQgetisnull(result_.get(), row_, column) == 1;
}

Bytes PostgresStatement::blob(int column) const {
    return {reinterpret_cast<const std::byte*>(PQgetvalue(result_.get(), row_, column)),
            static_cast<std::size_t>(PQgetlength(result_.get(), row_, column))};
}

std::string_view PostgresStatement::text(int column) const {
    const Bytes bytes = blob(column);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::int64_t PostgresStatement::int64(int column) const {
    return is_null(column) ? 0 : to_int64(PQftype(result_.get(), column), blob(column));
}

double PostgresStatement::real(int column) const {
    return is_null(column) ? 0 : to_double(PQftype(result_.get(), column), blob(column));
}

std::int64_t PostgresStatement::rows_changed() const {
    const std::string_view count = PQcmdTuples(result_.get());
    std::int64_t rows = 0;
    std::from_chars(count.data(), count.data() + count.size(), rows);
    return rows;
}

void PostgresStatement::reset() {
    result_.reset();
    row_ = -1;
    for (Value& value : values_) value.kind = Value::Kind::Null;
}

void PostgresStatement::release() {
    text_.reset();
    connection_.give_back(std::unique_ptr<PostgresStatement>(this));
}

}  // namespace larmor::db::postgres
