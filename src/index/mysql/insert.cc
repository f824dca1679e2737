#include "index/mysql/insert.h"

namespace larmor::index::mysql {

Result<void> Insert::add(std::string_view values) {
    if (sql_.empty()) {
        sql_.append(head_).append(" VALUES (");
    } else {
        sql_ += ", (";
    }
    sql_.append(values).append(")");
    const bool is_full = sql_.size() + tail_.size() >= connection_.statement_max_bytes();
    return is_full ? finish() : Result<void>();
}

Result<void> Insert::finish() {
    if (sql_.empty()) return {};
    sql_ += tail_;
    auto done = connection_.run(sql_);
    sql_.clear();
    return done;
}

}  // namespace larmor::index::mysql
