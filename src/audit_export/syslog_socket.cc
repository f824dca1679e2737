#include "audit_export/syslog_socket.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <system_error>

#include "base/file.h"
#include "http/resolve.h"

namespace larmor::audit_export {
namespace {

class DatagramSender final : public SyslogSender {
public:
    DatagramSender(SyslogTarget target, std::chrono::milliseconds timeout)
        : target_(std::move(target)), timeout_(timeout) {}

    Result<void> send(std::string_view message) override {
        if (!socket_) TRY_VOID(open());
        if (::send(socket_.get(), message.data(), message.size(), MSG_NOSIGNAL) >= 0) return {};
        const int error_number = errno;
        socket_.reset();  // the host may have moved
        return fail(ErrorCode::Unavailable,
                    "syslog: " + std::generic_category().message(error_number));
    }
    http::Arrival arrival() override { return http::Arrival::All; }

private:
    Result<void> open() {
        TRY(const auto addresses, http::resolve(target_.host, http::system_lookup, timeout_));
        addrinfo hints{};
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
        hints.ai_socktype = SOCK_DGRAM;
        addrinfo* found = nullptr;
        const auto port = std::to_string(target_.port);
        if (getaddrinfo(addresses.front().c_str(), port.c_str(), &hints, &found) != 0) {
            return fail(ErrorCode::Unavailable, "syslog: no address of " + target_.host);
        }
        const std::unique_ptr<addrinfo, void (*)(addrinfo*)> owner(found, freeaddrinfo);
        UniqueFd made(::socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
        if (!made || ::connect(made.get(), found->ai_addr, found->ai_addrlen) != 0) {
            return fail(ErrorCode::Unavailable,
                        "syslog: " + std::generic_category().message(errno));
        }
        socket_ = std::move(made);
        return {};
    }

    const SyslogTarget target_;
    const std::chrono::milliseconds timeout_;
    UniqueFd socket_;
};

class StreamSender final : public SyslogSender {
public:
    StreamSender(const SyslogTarget& target, http::ClientOptions options)
        : connection_(target.host, target.port, std::move(options)) {}

    Result<void> send(std::string_view message) override {
        frame_ = std::to_string(message.size());
        frame_.append(" ").append(message);
        auto sent = connection_.write_raw(frame_);
        if (!sent) connection_.close();
        return sent;
    }
    http::Arrival arrival() override { return connection_.arrival(); }

private:
    http::Client connection_;
    std::string frame_;
};

}  // namespace

Result<std::unique_ptr<SyslogSender>> make_datagram_sender(const SyslogTarget& target,
                                                           std::chrono::milliseconds timeout) {
    return std::make_unique<DatagramSender>(target, timeout);
}

Result<std::unique_ptr<SyslogSender>> make_stream_sender(const SyslogTarget& target,
                                                         std::chrono::milliseconds timeout) {
    http::ClientOptions options;
    options.timeout = timeout;
    if (target.transport == SyslogTarget::Transport::Tls) {
        options.tls = http::ClientTls{.authorities = target.authorities};
    }
    return std::make_unique<StreamSender>(target, std::move(options));
}

}  // namespace larmor::audit_export
