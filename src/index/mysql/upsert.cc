#include "index/mysql/upsert.h"

#include "index/mysql/quote.h"
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

std::vector<std::string> columns_set(const std::vector<std::string>& own,
                                     std::span<const Column> columns) {
    std::vector<std::string> set = own;
    for (const auto& column : columns) set.push_back(column.name);
    return set;
}

std::string names_of(const std::vector<std::string>& keys,
                     const std::vector<std::string>& set) {
    std::string names;
    for (const auto& key : keys) names += in_backticks(key) + ", ";
    for (const auto& column : set) names += in_backticks(column) + ", ";
    return names + std::string(kEpoch) + ", " + std::string(kSequence);
}

std::string tail_of(const std::vector<std::string>& set) {
    std::string tail = " ON DUPLICATE KEY UPDATE ";
    const std::string is_newer =
        "(VALUES(larmor_epoch), VALUES(larmor_sequence)) >="
        " (larmor_epoch, larmor_sequence)";
    // Assigned from left to right, so that the position, which all others ask, comes last.
    for (const auto& column : set) {
        tail += in_backticks(column) + " = IF(" + is_newer + ", " + new_value(column) + ", " +
                in_backticks(column) + "), ";
    }
    // The sequence before the epoch, for the same reason.
    tail += std::string(kSequence) + " = IF(" + is_newer + ", " + new_value(kSequence) + ", " +
            std::string(kSequence) + "), ";
    return tail + std::string(kEpoch) + " = GREATEST(" + std::string(kEpoch) + ", " +
           new_value(kEpoch) + ")";
}

}  // namespace

Upsert::Upsert(Connection& connection, std::string_view table,
               const std::vector<std::string>& keys, const std::vector<std::string>& own,
               std::span<const Column> columns)
    : columns_(columns),
      names_(names_of(keys, columns_set(own, columns))),
      insert_(connection, "INSERT INTO " + in_backticks(table) + " (" + names_ + ")",
              tail_of(columns_set(own, columns))) {}

Result<void> Upsert::add(std::span<const std::string> fields, const Values& values,
                         events::Position as_of) {
    row_.clear();
    for (const auto& field : fields) row_.append(field).append(",");
    for (std::size_t i = 0; i < columns_.size(); ++i) {
        append_value(row_, columns_[i], values[i]);
        row_ += ',';
    }
    row_ += std::to_string(as_of.epoch) + "," + std::to_string(as_of.sequence);
    return insert_.add(row_);
}

}  // namespace larmor::index::mysql
