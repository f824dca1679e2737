#pragma once
#include <memory>

#include "index/levels.h"
#include "index/mysql/connection.h"
#include "index/target.h"

namespace larmor::index::mysql {

struct MysqlTargetOptions {
    ConnectionSettings connection;
    Levels levels = Levels::all();
    std::size_t connections_max = 8;  ///< calls at a time; more wait
    /// Others in the way of a call, it begins no more tries after so long: what is left of it
    /// is a Conflict.
    std::chrono::milliseconds try_max{60'000};
    /// A batch is a transaction. Who waits for one is in the next: a window would only add to
    /// what a change takes to be seen.
    BatchLimits batch{.documents_max = 64, .instances_max = 5000, .threads = 2};
};

/// The tables and views of `ahiindex` (schema.sql) in a MySQL or MariaDB server. Documents that
/// come together are written in one transaction, and each in its own where one of them is
/// refused. Makes what is missing of them when it first connects. Nothing is connected before
/// it is needed, and a lost connection is replaced by the next call.
std::unique_ptr<Target> make_mysql_target(MysqlTargetOptions options);

}  // namespace larmor::index::mysql
