#include "index/mysql/tests/mariadb_server.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <vector>

namespace larmor::index::mysql::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kServer = "/usr/sbin/mariadbd";
constexpr const char* kInstall = "/usr/bin/mariadb-install-db";

/// Starts a program whose output goes to `output`.
pid_t spawn(const std::vector<std::string>& words, int output) {
    std::vector<char*> arguments;
    for (const auto& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    LARMOR_CHECK(child >= 0);
    if (child != 0) return child;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(126);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
}

std::vector<std::string> with_user(std::vector<std::string> words) {
    // Its own user, where we are root: the server refuses that.
    if (::geteuid() == 0) words.emplace_back("--user=mysql");
    return words;
}

}  // namespace

MariadbServer* MariadbServer::shared() {
    static const std::unique_ptr<MariadbServer> kShared = [] {
        if (fs::exists(kServer)) return std::make_unique<MariadbServer>();
        std::fprintf(stderr,
                     "\n*** MariaDB is not installed: NOTHING is tested on it.    ***\n"
                     "*** `./dev setup` installs it (scripts/packages.txt).     ***\n\n");
        return std::unique_ptr<MariadbServer>();
    }();
    return kShared.get();
}

MariadbServer::MariadbServer() {
    // Short, for the socket's name.
    std::string name = "/tmp/larmor-my-XXXXXX";
    LARMOR_CHECK(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    // NOLINTNEXTLINE(concurrency-mt-unsafe): no other thread asks.
    if (const passwd* const user = ::geteuid() == 0 ? ::getpwnam("mysql") : nullptr) {
        LARMOR_CHECK(::chown(name.c_str(), user->pw_uid, user->pw_gid) == 0);
    }
    std::array<int, 2> ends{};
    LARMOR_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const pid_t install =
        spawn(with_user({kInstall, "--no-defaults", "--datadir=" + (folder_ / "db").string(),
                         "--auth-root-authentication-method=normal", "--skip-test-db"}),
              ends[1]);
    ::close(ends[1]);
    std::array<char, 4096> text{};
    while (::read(ends[0], text.data(), text.size()) > 0) {
    }
    ::close(ends[0]);
    int status = 0;
    ::waitpid(install, &status, 0);
    LARMOR_CHECK(status == 0);
    start();
}

MariadbServer::~MariadbServer() {
    kill();
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
}

void MariadbServer::start() {
    std::array<int, 2> ends{};
    LARMOR_CHECK(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const std::string folder = folder_.string();
    // Nothing here outlives the test, so little is synced.
    pid_ =
        spawn(with_user({kServer, "--no-defaults", "--datadir=" + folder + "/db",
                         // A server that starts removes temporary tables of all that are there.
                         "--tmpdir=" + folder, "--socket=" + folder + "/s",
                         "--pid-file=" + folder + "/pid", "--skip-networking",
                         "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=2",
                         "--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin"}),
              ends[1]);
    ::close(ends[1]);
    log_ = UniqueFd(ends[0]);
    std::string words;
    std::array<char, 4096> text{};
    while (words.find("ready for connections") == std::string::npos) {
        const auto count = ::read(log_.get(), text.data(), text.size());
        if (count <= 0) {
            std::fprintf(stderr, "MariaDB did not start: %s\n", words.c_str());
            std::abort();
        }
        words.append(text.data(), static_cast<std::size_t>(count));
    }
}

void MariadbServer::kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

ConnectionSettings MariadbServer::make_database() {
    ConnectionSettings settings;
    settings.socket = (folder_ / "s").string();
    settings.user = "root";
    settings.database = "d" + std::to_string(++databases_);
    return settings;
}

}  // namespace larmor::index::mysql::testing
