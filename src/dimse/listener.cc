#include "dimse/listener.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <memory>

namespace larmor::dimse {
namespace {

constexpr int kBacklog = 128;

}  // namespace

Result<Listener> listen_on(const std::string& address, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    const std::string port_text = std::to_string(port);
    if (::getaddrinfo(address.c_str(), port_text.c_str(), &hints, &found) != 0) {
        return fail(ErrorCode::InvalidInput, "not a numeric address to listen on: " + address);
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    UniqueFd socket(::socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!socket) return system_failure("open a socket", errno);
    const int one = 1;
    setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (::bind(socket.get(), found->ai_addr, found->ai_addrlen) != 0 ||
        ::listen(socket.get(), kBacklog) != 0) {
        return system_failure("listen on " + address + ':' + port_text, errno);
    }
    sockaddr_storage bound{};
    socklen_t size = sizeof bound;
    if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
        return system_failure("ask for the port", errno);
    }
    // The port stands at the same place in both families.
    return Listener{std::move(socket), ntohs(reinterpret_cast<sockaddr_in*>(&bound)->sin_port)};
}

Accepted accept_from(const Listener& listener) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    UniqueFd socket(
        ::accept4(listener.socket.get(), generic, &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
    std::array<char, NI_MAXHOST> text{};
    if (socket) {
        ::getnameinfo(generic, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
    }
    return {std::move(socket), text.data()};
}

}  // namespace larmor::dimse
