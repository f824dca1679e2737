#include "index/mysql/upsert.h"

#include "index/mysql/sql_value.h"

namespace larmor::index::mysql {
namespace {

constexpr std::string_view kEpoch = "larmor_epoch";
constexpr std::string_view kSequence = "larmor_sequence";

std::string in_backticks(std::string_view name) {
    return "`" + std::string(name) + "`";
}

std::string new_value(std::string_view column) {
    return "VALUES(" + in_backticks(column) + ")";
}

}  // namespace

Upsert::Upsert(const Connection& connection, std::string_view table,
               std::string_view primary_key, std::vector<std::string> keys,
               std::vector<std::string> own, std::span<const Column> columns)
    : connection_(connection), columns_(columns) {
    std::vector<std::string> set = std::move(own);
    for (const auto& column : columns) set.push_back(column.name);
    head_ = "INSERT INTO " + in_backticks(table) + " (";
    for (const auto& key : keys) head_ += in_backticks(key) + ", ";
    for (const auto& column : set) head_ += in_backticks(column) + ", ";
    head_ += std::string(kEpoch) + ", " + std::string(kSequence) + ") VALUES ";
    tail_ = " ON DUPLICATE KEY UPDATE ";
    const std::string is_newer =
        "(VALUES(larmor_epoch), VALUES(larmor_sequence)) >="
        " (larmor_epoch, larmor_sequence)";
    // Assigned from left to right, so that the position, which all others ask, comes last.
    for (const auto& column : set) {
        tail_ += in_backticks(column) + " = IF(" + is_newer + ", " + new_value(column) + ", " +
                 in_backticks(column) + "), ";
    }
    // The sequence before the epoch, for the same reason.
    tail_ += std::string(kSequence) + " = IF(" + is_newer + ", " + new_value(kSequence) + ", " +
             std::string(kSequence) + "), ";
    tail_ += std::string(kEpoch) + " = GREATEST(" + std::string(kEpoch) + ", " +
             new_value(kEpoch) + "), ";
    tail_ += in_backticks(primary_key) + " = LAST_INSERT_ID(" + in_backticks(primary_key) + ")";
}

bool Upsert::add(std::span<const std::string> fields, const Values& values,
                 events::Position as_of) {
    rows_ += rows_.empty() ? "(" : ", (";
    for (const auto& field : fields) rows_.append(field).append(", ");
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        const auto text =
            values[i] ? column_text(columns_[i], *values[i]) : std::optional<std::string>();
        if (text) {
            connection_.append_quoted(rows_, *text);
        } else {
            rows_ += "NULL";
        }
        rows_ += ", ";
    }
    rows_ += std::to_string(as_of.epoch) + ", " + std::to_string(as_of.sequence) + ")";
    return head_.size() + rows_.size() + tail_.size() >= connection_.statement_max_bytes();
}

std::string Upsert::take() {
    std::string sql = head_ + rows_ + tail_;
    rows_.clear();
    return sql;
}

std::string quoted(const Connection& connection, std::string_view text) {
    std::string sql;
    connection.append_quoted(sql, text);
    return sql;
}

}  // namespace larmor::index::mysql
