#pragma once
#include <sys/types.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace larmor::db::testing {

/// A real PostgreSQL of our own, in a folder of its own, on a unix socket there. Ends with this
/// process, whatever ends that.
class PostgresServer {
public:
    /// Where the package is installed.
    static bool is_installed();
    /// The one of this test program: started when first asked for (about a second), stopped at
    /// its end. Null, with a loud message, where PostgreSQL is not installed.
    static PostgresServer* shared();

    PostgresServer();
    ~PostgresServer();
    PostgresServer(const PostgresServer&) = delete;
    PostgresServer& operator=(const PostgresServer&) = delete;

    /// Immediate: as if the power was cut, without any goodbye.
    enum class Stop : bool { Fast, Immediate };
    void stop(Stop how);
    void start();

    /// The URL of a new, empty library: a schema of its own in a database that orders text as
    /// people do and not by bytes. By way of another folder with a socket, where one is given.
    std::string make_library(const std::optional<std::filesystem::path>& folder = {});
    std::filesystem::path socket() const { return folder_ / ".s.PGSQL.5432"; }

private:
    void run_server();
    void follow_log(int fd);

    std::filesystem::path folder_;
    pid_t pid_ = -1;
    int libraries_ = 0;
    std::thread log_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool ready_ = false;
    bool ended_ = false;
    std::string last_words_;
};

}  // namespace larmor::db::testing
