#pragma once
#include <memory>

#include "index/levels.h"
#include "index/mysql/connection.h"
#include "index/target.h"

namespace larmor::index::mysql {

struct MysqlTargetOptions {
    ConnectionSettings connection;
    Levels levels = Levels::all();
    std::size_t connections_max = 8;  ///< applies at a time; more wait
};

/// The tables and views of `ahiindex` (schema.sql) in a MySQL or MariaDB server. Makes what is
/// missing of them when it first connects. Nothing is connected before it is needed, and a lost
/// connection is replaced by the next call.
std::unique_ptr<Target> make_mysql_target(MysqlTargetOptions options);

}  // namespace larmor::index::mysql
