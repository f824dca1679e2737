#pragma once
#include <string>

#include "index/mysql/connection.h"

namespace larmor::index::mysql {

/// INSERTs of many rows each, in the transaction that is open: a statement is run when it is
/// as long as the server takes.
class Insert {
public:
    /// `head` is up to VALUES, `tail` what stands behind the rows. `connection` must outlive
    /// it.
    Insert(Connection& connection, std::string head, std::string tail = {})
        : connection_(connection), head_(std::move(head)), tail_(std::move(tail)) {}

    /// `values` with commas between them.
    Result<void> add(std::string_view values);
    /// To be called behind the last row.
    Result<void> finish();

private:
    Connection& connection_;
    const std::string head_;
    const std::string tail_;
    std::string sql_;
};

}  // namespace larmor::index::mysql
