#include "objects/tests/s3_server.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>

namespace larmor::objects::testing {
namespace {

constexpr int kNotInstalled = 77;

std::string script_path(const std::string& name) {
    return LARMOR_SOURCE_DIR "/tests/s3/" + name;
}

std::vector<std::string> proxy_command(const std::string& upstream,
                                       const std::vector<std::string>& tls) {
    std::vector<std::string> words = {script_path("fault_proxy.py"), upstream};
    words.insert(words.end(), tls.begin(), tls.end());
    return words;
}

}  // namespace

Script::Script(std::vector<std::string> words) {
    std::array<int, 2> in{};
    std::array<int, 2> out{};
    LARMOR_CHECK(::pipe2(in.data(), O_CLOEXEC) == 0 && ::pipe2(out.data(), O_CLOEXEC) == 0);
    words.insert(words.begin(), "/usr/bin/python3");
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    pid_ = ::fork();
    LARMOR_CHECK(pid_ >= 0);
    if (pid_ == 0) {  // in the child: nothing that takes a lock
        ::dup2(in[0], STDIN_FILENO);
        ::dup2(out[1], STDOUT_FILENO);
        ::execv(arguments[0], arguments.data());
        ::_exit(127);
    }
    ::close(in[0]);
    ::close(out[1]);
    to_ = in[1];
    from_ = out[0];
}

Script::~Script() {
    ::close(to_);  // the end of its input ends it
    ::close(from_);
    if (pid_ > 0) exit_code();
}

std::optional<std::string> Script::line() {
    for (;;) {
        if (const auto end = read_.find('\n'); end != std::string::npos) {
            auto line = read_.substr(0, end);
            read_.erase(0, end + 1);
            return line;
        }
        std::array<char, 4096> buffer{};
        const auto count = ::read(from_, buffer.data(), buffer.size());
        if (count <= 0) return {};
        read_.append(buffer.data(), static_cast<std::size_t>(count));
    }
}

std::string Script::ask(const std::string& question) {
    const std::string whole = question + '\n';
    LARMOR_CHECK(::write(to_, whole.data(), whole.size()) ==
                 static_cast<ssize_t>(whole.size()));
    const auto answer = line();
    LARMOR_CHECK(answer.has_value());
    return *answer;
}

int Script::exit_code() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

S3Server* S3Server::shared() {
    static const std::unique_ptr<S3Server> kServer = [] {
        auto script = std::make_unique<Script>(std::vector{script_path("rgw.py")});
        const auto greeting = script->line();
        if (greeting) {
            return std::unique_ptr<S3Server>(new S3Server(std::move(script), *greeting));
        }
        // Anything but a missing package is a failure, not a reason to test nothing.
        if (script->exit_code() != kNotInstalled) {
            std::fprintf(stderr, "tests/s3/rgw.py could not start the S3 server\n");
            std::abort();
        }
        std::fprintf(stderr,
                     "\n*** Ceph's S3 gateway is not installed: NOTHING is tested on it. ***\n"
                     "*** `./dev setup` installs it (scripts/packages.txt).          ***\n\n");
        return std::unique_ptr<S3Server>();
    }();
    return kServer.get();
}

S3Server::S3Server(std::unique_ptr<Script> script, const std::string& greeting)
    : script_(std::move(script)) {
    std::istringstream words(greeting);
    std::string word;
    words >> word >> endpoint_ >> credentials_.access_key_id >> credentials_.secret_access_key;
}

s3::ClientOptions S3Server::make_bucket(const std::string& endpoint) {
    s3::ClientOptions options;
    options.endpoint = endpoint_;
    options.bucket = "bucket-" + std::to_string(++buckets_);
    options.credentials = credentials_;
    options.retry.delay_first = std::chrono::milliseconds(1);
    options.retry.delay_max = std::chrono::milliseconds(20);
    const auto made = [&]() -> Result<void> {
        TRY(const auto requester, s3::Requester::make(options));
        s3::Call call;
        call.name = "CreateBucket";
        call.method = "PUT";
        const auto outcome = requester->run(call);
        if (!outcome) return tl::unexpected(outcome.error().error);
        return {};
    }();
    if (!made) std::fprintf(stderr, "%s\n", made.error().message.c_str());
    LARMOR_CHECK(made.has_value());
    if (!endpoint.empty()) options.endpoint = endpoint;
    return options;
}

FaultProxy::FaultProxy(const std::string& upstream, const std::vector<std::string>& tls)
    : script_(proxy_command(upstream, tls)) {
    const auto greeting = script_.line();
    LARMOR_CHECK(greeting && greeting->starts_with("proxy "));
    url_ = greeting->substr(6);
}

void FaultProxy::fault(const std::string& kind, const std::string& method,
                       const std::string& more) {
    script_.ask(R"({"do":"fault","kind":")" + kind + R"(","method":")" + method + "\"," + more +
                "}");
}

void FaultProxy::cold(const std::string& prefix, double seconds, double lasts) {
    script_.ask(R"({"do":"cold","prefix":")" + prefix + R"(","seconds":)" +
                std::to_string(seconds) + R"(,"lasts":)" + std::to_string(lasts) + "}");
}

void FaultProxy::archived(const std::string& prefix) {
    script_.ask(R"({"do":"cold","prefix":")" + prefix +
                R"(","seconds":0,"storage_class":"INTELLIGENT_TIERING"})");
}

void FaultProxy::clear() {
    script_.ask(R"({"do":"clear"})");
}
int FaultProxy::requests(const std::string& method) {
    return count(method);
}
int FaultProxy::connections() {
    return count("connections");
}
int FaultProxy::at_a_time_max() {
    return count("at_a_time_max");
}

int FaultProxy::count(const std::string& name) {
    const auto counts = script_.ask(R"({"do":"counts"})");
    const auto at = counts.find('"' + name + "\": ");
    if (at == std::string::npos) return 0;
    const auto from = at + name.size() + 4;
    int value = 0;
    std::from_chars(counts.data() + from, counts.data() + counts.size(), value);
    return value;
}

}  // namespace larmor::objects::testing
