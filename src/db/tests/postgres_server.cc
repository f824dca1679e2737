#include "db/tests/postgres_server.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <memory>
#include <vector>

#include "db/postgres/connection.h"
#include "db/tests/temp_library.h"

namespace larmor::db::testing {
namespace {

namespace fs = std::filesystem;

/// The newest that Debian's packages have laid down; empty where there is none.
fs::path programs() {
    fs::path newest;
    std::error_code error;
    for (const auto& version : fs::directory_iterator("/usr/lib/postgresql", error)) {
        const auto bin = version.path() / "bin";
        if (fs::exists(bin / "postgres") && bin > newest) newest = bin;
    }
    return newest;
}

/// The server refuses to run as root.
const passwd* server_user() {
    return ::geteuid() == 0 ? ::getpwnam("postgres") : nullptr;
}

/// Starts a program whose output goes to `output`, as the server's user.
pid_t spawn(const fs::path& folder, const std::vector<std::string>& words, int output) {
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const passwd* const user = server_user();
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    LARMOR_CHECK(child >= 0);
    if (child != 0) return child;
    // In the child: nothing that takes a lock.
    if (user != nullptr && (::setgid(user->pw_gid) != 0 || ::setuid(user->pw_uid) != 0)) {
        ::_exit(126);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    if (::getppid() != parent || ::chdir(folder.c_str()) != 0) ::_exit(126);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

}  // namespace

bool PostgresServer::is_installed() {
    return !programs().empty() && (::geteuid() != 0 || server_user() != nullptr);
}

PostgresServer* PostgresServer::shared() {
    static const std::unique_ptr<PostgresServer> kServer = [] {
        if (is_installed()) return std::make_unique<PostgresServer>();
        std::fprintf(stderr,
                     "\n*** PostgreSQL is not installed: NOTHING is tested on it. ***\n"
                     "*** `./dev setup` installs it (scripts/packages.txt).     ***\n\n");
        return std::unique_ptr<PostgresServer>();
    }();
    return kServer.get();
}

PostgresServer::PostgresServer() {
    // Short, for the socket's name; and the server's user must be able to walk to it.
    std::string name = "/tmp/larmor-pg-XXXXXX";
    LARMOR_CHECK(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    if (const passwd* const user = server_user()) {
        LARMOR_CHECK(::chown(name.c_str(), user->pw_uid, user->pw_gid) == 0);
    }
    const int log = ::open((folder_ / "initdb.log").c_str(), O_WRONLY | O_CREAT, 0600);
    const pid_t made =
        spawn(folder_,
              {(programs() / "initdb").string(), "-D", "data", "-U", "postgres", "-A", "trust",
               "-E", "UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"},
              log);
    ::close(log);
    if (wait_for(made) != 0) {
        std::fprintf(stderr, "initdb failed: see %s/initdb.log\n", folder_.c_str());
        std::abort();
    }
    start();
}

PostgresServer::~PostgresServer() {
    stop(Stop::Immediate);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void PostgresServer::start() {
    LARMOR_CHECK(pid_ < 0);
    ready_ = ended_ = false;
    // The server ends with the thread that started it: one that lives as long as it.
    log_ = std::thread([this] { run_server(); });
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ready_ || ended_; });
    if (!ready_) {
        std::fprintf(stderr, "PostgreSQL did not start: %s\n", last_words_.c_str());
        std::abort();
    }
}

void PostgresServer::run_server() {
    std::array<int, 2> ends{};
    LARMOR_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
    // Nothing here outlives the test, so nothing is synced.
    const pid_t server = spawn(
        folder_,
        {(programs() / "postgres").string(), "-D", "data", "-c", "listen_addresses=", "-c",
         "unix_socket_directories=" + folder_.string(), "-c", "fsync=off", "-c",
         "full_page_writes=off", "-c", "shared_buffers=64MB", "-c", "deadlock_timeout=100ms",
         "-c", "max_connections=50", "-c", "logging_collector=off"},
        ends[1]);
    ::close(ends[1]);
    {
        const std::lock_guard lock(mutex_);
        pid_ = server;
    }
    follow_log(ends[0]);
}

void PostgresServer::follow_log(int fd) {
    std::array<char, 4096> buffer{};
    for (;;) {
        const auto count = ::read(fd, buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        const std::lock_guard lock(mutex_);
        if (count <= 0) {
            ended_ = true;
            changed_.notify_all();
            break;
        }
        constexpr std::size_t kKept = 4000;
        last_words_.append(buffer.data(), static_cast<std::size_t>(count));
        if (last_words_.find("ready to accept connections") != std::string::npos) {
            ready_ = true;
            last_words_.clear();
            changed_.notify_all();
        }
        if (last_words_.size() > kKept) last_words_.erase(0, last_words_.size() - kKept);
    }
    ::close(fd);
}

void PostgresServer::stop(Stop how) {
    if (pid_ < 0) return;
    ::kill(pid_, how == Stop::Fast ? SIGINT : SIGQUIT);
    wait_for(pid_);
    pid_ = -1;
    log_.join();
}

std::string PostgresServer::make_library(const std::optional<fs::path>& folder) {
    const auto url = [](const std::string& database, const fs::path& at) {
        return "postgres:///" + database + "?user=postgres&host=" + at.string();
    };
    if (libraries_++ == 0) {
        const auto first = must(postgres::Connection::open({.url = url("postgres", folder_)}));
        must(first->run_script(
            "CREATE DATABASE tests TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en'"));
    }
    const std::string schema = "library" + std::to_string(libraries_);
    const auto connection = must(postgres::Connection::open({.url = url("tests", folder_)}));
    must(connection->run_script("CREATE SCHEMA " + schema));
    return url("tests", folder.value_or(folder_)) + "&options=-csearch_path%3D" + schema;
}

}  // namespace larmor::db::testing
