#include "http/transport.h"

#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace larmor::http {
namespace {

class PlainTransport final : public Transport {
public:
    explicit PlainTransport(int fd) : fd_(fd) {}

    IoOutcome handshake() override { return {Io::Done}; }

    IoOutcome read(std::span<char> out) override {
        const auto n = ::recv(fd_, out.data(), out.size(), 0);
        if (n == 0) return {Io::End};
        return outcome(n, Io::WouldRead);
    }

    bool short_read_drains() const override { return true; }

    IoOutcome write(std::span<const iovec> pieces, More more) override {
        msghdr message{};
        message.msg_iov = const_cast<iovec*>(pieces.data());
        message.msg_iovlen = pieces.size();
        const int flags = MSG_NOSIGNAL | (more == More::Yes ? MSG_MORE : 0);
        return outcome(::sendmsg(fd_, &message, flags), Io::WouldWrite);
    }

    IoOutcome send_file(int file, std::uint64_t offset, std::uint64_t count) override {
        auto at = static_cast<off_t>(offset);
        const auto n = ::sendfile(fd_, file, &at, count);
        if (n == 0) return {Io::End};
        return outcome(n, Io::WouldWrite);
    }

    void shutdown_write() override { ::shutdown(fd_, SHUT_WR); }

    std::string failure() const override {
        return std::generic_category().message(error_number_);
    }

private:
    IoOutcome outcome(ssize_t n, Io if_blocked) {
        if (n >= 0) return {Io::Done, static_cast<std::size_t>(n)};
        if (errno == EAGAIN || errno == EWOULDBLOCK) return {if_blocked};
        if (errno == EINTR) return {Io::Done, 0};
        error_number_ = errno;
        return {Io::Failed};
    }
    int fd_;
    int error_number_ = 0;
};

}  // namespace

std::unique_ptr<Transport> make_plain_transport(int fd) {
    return std::make_unique<PlainTransport>(fd);
}

std::span<iovec> advance_pieces(std::span<iovec> pieces, std::size_t count) {
    while (!pieces.empty() && count >= pieces.front().iov_len) {
        count -= pieces.front().iov_len;
        pieces = pieces.subspan(1);
    }
    if (!pieces.empty()) {
        pieces.front().iov_base = static_cast<char*>(pieces.front().iov_base) + count;
        pieces.front().iov_len -= count;
    }
    return pieces;
}

}  // namespace larmor::http
