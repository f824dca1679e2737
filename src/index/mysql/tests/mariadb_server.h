#pragma once
#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/file.h"
#include "index/mysql/connection.h"

namespace larmor::index::mysql::testing {

/// A real MariaDB of our own, in a folder of its own, on a unix socket there. Ends with this
/// process, whatever ends that.
class MariadbServer {
public:
    /// The one of this test program: started when first asked for, stopped at its end. Null,
    /// with a loud message, where MariaDB is not installed.
    static MariadbServer* shared();
    MariadbServer();
    ~MariadbServer();
    MariadbServer(const MariadbServer&) = delete;
    MariadbServer& operator=(const MariadbServer&) = delete;

    void start();
    /// As if the power was cut.
    void kill();
    /// Of a database that is not there yet.
    ConnectionSettings make_database();

private:
    std::filesystem::path folder_;
    pid_t pid_ = -1;
    UniqueFd log_;
    int databases_ = 0;
};

}  // namespace larmor::index::mysql::testing
