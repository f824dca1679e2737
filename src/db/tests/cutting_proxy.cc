#include "db/tests/cutting_proxy.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/result.h"

namespace larmor::db::testing {
namespace {

constexpr int kLookMs = 20;  ///< at whether the test has ended

sockaddr_un address_of(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    LARMOR_CHECK(path.string().size() < sizeof(address.sun_path));
    std::memcpy(static_cast<char*>(address.sun_path), path.c_str(), path.string().size() + 1);
    return address;
}

void pass_on(int to, const char* data, std::size_t size) {
    while (size > 0) {
        const auto count = ::send(to, data, size, MSG_NOSIGNAL);
        if (count <= 0) return;
        data += count;
        size -= static_cast<std::size_t>(count);
    }
}

}  // namespace

CuttingProxy::CuttingProxy(const std::filesystem::path& folder, std::filesystem::path server)
    : server_(std::move(server)), listening_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const auto address = address_of(folder / server_.filename());
    LARMOR_CHECK(
        ::bind(listening_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
    LARMOR_CHECK(::listen(listening_, 16) == 0);
    listener_ = std::thread([this] { listen(); });
}

CuttingProxy::~CuttingProxy() {
    stopping_ = true;
    listener_.join();
    for (auto& carrier : carriers_) carrier.join();
    ::close(listening_);
}

void CuttingProxy::cut_at(std::string words, Cut cut) {
    const std::lock_guard lock(mutex_);
    words_ = std::move(words);
    cut_ = cut;
}

void CuttingProxy::listen() {
    while (!stopping_) {
        pollfd waiting{.fd = listening_, .events = POLLIN, .revents = 0};
        if (::poll(&waiting, 1, kLookMs) <= 0) continue;
        const int program = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
        if (program < 0) continue;
        if (refuse_after_cut_ && cuts_ > 0) {
            ::close(program);
            continue;
        }
        carriers_.emplace_back([this, program] { carry(program); });
    }
}

std::optional<CuttingProxy::Cut> CuttingProxy::take_cut(std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    if (words_.empty() || bytes.find(words_) == std::string_view::npos) return std::nullopt;
    words_.clear();
    ++cuts_;
    return cut_;
}

void CuttingProxy::carry(int program) {
    const int server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    LARMOR_CHECK(server >= 0);
    const auto address = address_of(server_);
    std::array<char, 65536> buffer{};
    const bool open =
        ::connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    while (open && !stopping_) {
        std::array<pollfd, 2> ends{pollfd{.fd = program, .events = POLLIN, .revents = 0},
                                   pollfd{.fd = server, .events = POLLIN, .revents = 0}};
        if (::poll(ends.data(), ends.size(), kLookMs) <= 0) continue;
        if (ends[0].revents != 0) {
            const auto count = ::recv(program, buffer.data(), buffer.size(), 0);
            if (count <= 0) break;
            const std::string_view bytes(buffer.data(), static_cast<std::size_t>(count));
            const auto cut = take_cut(bytes);
            if (cut != Cut::Before) pass_on(server, bytes.data(), bytes.size());
            if (cut) {
                // The answer says that it was carried out.
                if (*cut == Cut::After) ::recv(server, buffer.data(), buffer.size(), 0);
                break;
            }
        }
        if (ends[1].revents != 0) {
            const auto count = ::recv(server, buffer.data(), buffer.size(), 0);
            if (count <= 0) break;
            pass_on(program, buffer.data(), static_cast<std::size_t>(count));
        }
    }
    ::close(server);
    ::close(program);
}

}  // namespace larmor::db::testing
