#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

#include "http/client.h"
#include "http/transport.h"

// The connection of a client: opened, written to, read from, closed.

namespace larmor::http {
namespace {

constexpr std::size_t kReadStep = 64 * 1024;

using Steady = std::chrono::steady_clock;

tl::unexpected<Error> unavailable(std::string_view what, std::string_view why) {
    return fail(ErrorCode::Unavailable, std::string(what) + ": " + std::string(why));
}
tl::unexpected<Error> socket_failure(std::string_view what, int error_number) {
    const bool late = error_number == EAGAIN || error_number == EINPROGRESS;
    return unavailable(what,
                       late ? "timed out" : std::generic_category().message(error_number));
}

/// Whether a wait that ended without anything was as long as it should be: a signal ends one
/// early, and OpenSSL does not tell which it was.
bool is_over(Steady::time_point began, std::chrono::milliseconds timeout) {
    return Steady::now() - began + std::chrono::milliseconds(5) >= timeout;
}

void set_timeout(const UniqueFd& socket, int option, std::chrono::nanoseconds timeout) {
    // Zero would be no limit at all.
    const auto us = std::max<std::int64_t>(
        1, std::chrono::duration_cast<std::chrono::microseconds>(timeout).count());
    const timeval value{us / 1'000'000, us % 1'000'000};
    setsockopt(socket.get(), SOL_SOCKET, option, &value, sizeof value);
}

}  // namespace

Client::Client(std::string host, std::uint16_t port, ClientOptions options)
    : host_(std::move(host)), port_(port), options_(std::move(options)) {}
Client::Client(Client&&) noexcept = default;
Client::~Client() = default;

Result<void> Client::connect() {
    close();
    if (options_.tls && !tls_) {
        TRY(tls_, TlsClientContext::load(*options_.tls));
    }
    auto connected = open_socket();
    if (connected) {
        transport_ = tls_ ? tls_->make_transport(socket_.get(), host_)
                          : make_plain_transport(socket_.get());
        connected = shake_hands();
    }
    if (!connected) close();
    return connected;
}

Result<void> Client::open_socket() {
    const auto deadline = async::Deadline::after(options_.timeout);
    TRY(const auto addresses, resolve(host_, options_.lookup, options_.timeout));
    Result<void> opened;
    for (const std::string& address : addresses) {
        opened = open_socket(address, deadline);
        if (opened || deadline.expired()) break;
    }
    return opened;
}

Result<void> Client::open_socket(const std::string& host, async::Deadline deadline) {
    sockaddr_storage address{};
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
    if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
    } else {
        LARMOR_CHECK(inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1);
        v6->sin6_family = AF_INET6;
    }
    v4->sin_port = htons(port_);  // at the same place in both families
    socket_ = UniqueFd(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket_) return socket_failure("socket", errno);
    const int one = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    set_timeout(socket_, SO_SNDTIMEO, deadline.remaining());
    const socklen_t size =
        address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
        return socket_failure("connect", errno);
    }
    set_timeout(socket_, SO_SNDTIMEO, options_.timeout);
    set_timeout(socket_, SO_RCVTIMEO, options_.timeout);
    return {};
}

Result<void> Client::shake_hands() {
    const auto began = Steady::now();
    while (true) {
        const auto outcome = transport_->handshake();
        if (outcome.io == Io::Done) return {};
        if (outcome.io == Io::Failed) return unavailable("TLS", transport_->failure());
        if (outcome.io == Io::End)
            return unavailable("TLS", "the server closed the connection");
        if (is_over(began, options_.timeout)) return unavailable("TLS", "timed out");
    }
}

void Client::close() {
    transport_.reset();
    socket_.reset();
    buffer_.clear();
    consumed_ = 0;
}

Arrival Client::arrival() const {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (!socket_ || getsockopt(socket_.get(), IPPROTO_TCP, TCP_INFO, &info, &size) != 0) {
        return Arrival::Broken;
    }
    if (info.tcpi_state != TCP_ESTABLISHED && info.tcpi_state != TCP_CLOSE_WAIT) {
        return Arrival::Broken;
    }
    int left = 0;
    if (::ioctl(socket_.get(), SIOCOUTQ, &left) != 0) return Arrival::Broken;
    return left == 0 ? Arrival::All : Arrival::NotYet;
}

void Client::shutdown_write() {
    ::shutdown(socket_.get(), SHUT_WR);
}

Result<void> Client::write_raw(std::string_view bytes) {
    if (!transport_) TRY_VOID(connect());
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    return write_pieces(std::span(&piece, 1));
}

Result<void> Client::write_pieces(std::span<iovec> pieces) {
    auto began = Steady::now();
    for (auto left = advance_pieces(pieces, 0); !left.empty();) {
        const auto outcome = transport_->write(left, More::No);
        if (outcome.io == Io::Done) {
            left = advance_pieces(left, outcome.count);
            began = Steady::now();
        } else if (outcome.io == Io::Failed) {
            return unavailable("send", transport_->failure());
        } else if (outcome.io == Io::End) {
            return unavailable("send", "the server closed the connection");
        } else if (is_over(began, options_.timeout)) {
            return unavailable("send", "timed out");
        }
    }
    return {};
}

Result<void> Client::fill() {
    if (!transport_) return unavailable("receive", "not connected");
    // What was consumed goes, so that the buffer does not grow with the response.
    buffer_.erase(0, consumed_);
    consumed_ = 0;
    const auto before = buffer_.size();
    buffer_.resize(before + kReadStep);
    const auto began = Steady::now();
    IoOutcome outcome{};
    do {
        outcome = transport_->read(std::span(buffer_).subspan(before));
    } while ((outcome.io == Io::Done && outcome.count == 0) ||
             ((outcome.io == Io::WouldRead || outcome.io == Io::WouldWrite) &&
              !is_over(began, options_.timeout)));
    buffer_.resize(before + outcome.count);
    if (outcome.io == Io::Failed) return unavailable("receive", transport_->failure());
    if (outcome.io == Io::End)
        return unavailable("receive", "the server closed the connection");
    if (outcome.io != Io::Done) return unavailable("receive", "timed out");
    got_bytes_ = true;
    return {};
}

bool Client::readable(std::chrono::milliseconds wait_max) {
    if (consumed_ < buffer_.size()) return true;
    pollfd poll_for{socket_.get(), POLLIN, 0};
    return ::poll(&poll_for, 1, static_cast<int>(wait_max.count())) > 0;
}

bool Client::closed_by_server() {
    if (consumed_ < buffer_.size()) return false;
    if (!transport_) return true;
    char byte = 0;
    const auto outcome = transport_->read(std::span(&byte, 1));
    if (outcome.io == Io::Done && outcome.count == 1) buffer_ += byte;
    return outcome.io == Io::End || outcome.io == Io::Failed;
}

/// Looks, without waiting, whether the server has said anything or is gone.
bool Client::has_answer() {
    if (!readable(std::chrono::milliseconds(0))) return false;
    // With TLS the bytes may be none of an answer: only a read tells.
    const int flags = ::fcntl(socket_.get(), F_GETFL);
    ::fcntl(socket_.get(), F_SETFL, flags | O_NONBLOCK);
    char byte = 0;
    const auto outcome = transport_->read(std::span(&byte, 1));
    ::fcntl(socket_.get(), F_SETFL, flags);
    if (outcome.io == Io::Done && outcome.count == 1) buffer_ += byte;
    return outcome.io == Io::End || outcome.io == Io::Failed || consumed_ < buffer_.size();
}

}  // namespace larmor::http
