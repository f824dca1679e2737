#pragma once
#include <array>
#include <memory>
#include <string>
#include <vector>

#include "db/postgres/connection.h"

namespace larmor::db::postgres {

/// One use of a prepared text: its values and the rows of its answer, which come all at once.
/// Numbers go as text, which the server reads for a column of any type of number; answers come
/// in binary, so that nothing is parsed and blobs are not copied.
class PostgresStatement final : public Statement {
public:
    explicit PostgresStatement(Connection& connection) : connection_(connection) {}

    void begin(std::shared_ptr<PreparedText> text);

    void bind_null(int parameter) override;
    void bind_int64(int parameter, std::int64_t value) override;
    void bind_double(int parameter, double value) override;
    void bind_text(int parameter, std::string_view value) override;
    void bind_blob(int parameter, Bytes value) override;

    Result<bool> step() override;
    Result<void> send() override;
    Result<std::int64_t> insert() override;
    bool is_null(int column) const override;
    std::int64_t int64(int column) const override;
    double real(int column) const override;
    std::string_view text(int column) const override;
    Bytes blob(int column) const override;

    std::int64_t rows_changed() const override;
    std::int64_t inserted_id() const override { return inserted_id_; }

    void reset() override;
    void release() override;

private:
    /// A number as text, or where a text lies in `texts_`.
    struct Value {
        enum class Kind : std::uint8_t { Null, Number, Text, Blob };
        Kind kind = Kind::Null;
        std::array<char, 32> number{};
        std::string text;
        Bytes blob;
    };
    Value& value_of(int parameter);
    Result<void> send_text(const std::shared_ptr<PreparedText>& text);
    Result<void> run(const std::shared_ptr<PreparedText>& text);

    Connection& connection_;
    std::shared_ptr<PreparedText> text_;
    std::vector<Value> values_;
    ParameterValues parameters_;
    ServerResult result_;
    int row_ = -1;
    std::int64_t inserted_id_ = 0;
};

}  // namespace larmor::db::postgres
