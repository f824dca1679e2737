#include "http/client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

namespace larmor::http {
namespace {

constexpr std::size_t kReadStep = 64 * 1024;
constexpr std::size_t kHeadMax = 256 * 1024;

tl::unexpected<Error> socket_failure(std::string_view what, int error_number) {
    if (error_number == EAGAIN) {
        return fail(ErrorCode::Unavailable, std::string(what) + ": timed out");
    }
    return fail(ErrorCode::Unavailable, std::string(what) + ": " + std::strerror(error_number));
}

std::optional<std::uint64_t> parse_number(std::string_view text, int base) {
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (error != std::errc() || end != text.data() + text.size() || text.empty()) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

Client::Client(std::string host, std::uint16_t port, ClientOptions options)
    : host_(std::move(host)), port_(port), options_(options) {}

Result<void> Client::connect() {
    close();
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port_);
    const char* host = host_ == "localhost" ? "127.0.0.1" : host_.c_str();
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) {
        return fail(ErrorCode::InvalidInput,
                    "the client takes numeric IPv4 addresses: " + host_);
    }
    socket_ = UniqueFd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket_) return socket_failure("socket", errno);
    const int one = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(options_.timeout);
    const timeval timeout{us.count() / 1'000'000, us.count() % 1'000'000};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) !=
        0) {
        const int error_number = errno;
        close();
        return socket_failure("connect", error_number);
    }
    return {};
}

void Client::close() {
    socket_.reset();
    buffer_.clear();
    consumed_ = 0;
}

void Client::shutdown_write() {
    ::shutdown(socket_.get(), SHUT_WR);
}

Result<void> Client::write_raw(std::string_view bytes) {
    if (!socket_) TRY_VOID(connect());
    while (!bytes.empty()) {
        const auto n = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return socket_failure("send", errno);
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

Result<void> Client::fill() {
    if (consumed_ == buffer_.size()) {
        buffer_.clear();
        consumed_ = 0;
    }
    const auto before = buffer_.size();
    buffer_.resize(before + kReadStep);
    ssize_t n = 0;
    do {
        n = ::recv(socket_.get(), buffer_.data() + before, kReadStep, 0);
    } while (n < 0 && errno == EINTR);
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0) return socket_failure("receive", errno);
    if (n == 0) return fail(ErrorCode::Unavailable, "the server closed the connection");
    got_bytes_ = true;
    return {};
}

Result<std::string> Client::read_raw(std::size_t count) {
    ClientResponse raw;
    TRY_VOID(read_exactly(count, raw, nullptr));
    return raw.body;
}

bool Client::readable(std::chrono::milliseconds wait_max) {
    if (consumed_ < buffer_.size()) return true;
    pollfd poll_for{socket_.get(), POLLIN, 0};
    return ::poll(&poll_for, 1, static_cast<int>(wait_max.count())) > 0;
}

bool Client::closed_by_server() {
    if (consumed_ < buffer_.size()) return false;
    char byte = 0;
    const auto n = ::recv(socket_.get(), &byte, 1, MSG_PEEK);
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

Result<std::string_view> Client::read_line() {
    std::size_t searched = consumed_;
    while (true) {
        const auto end = buffer_.find("\r\n", searched);
        if (end != std::string::npos) {
            const std::string_view line(buffer_.data() + consumed_, end - consumed_);
            consumed_ = end + 2;
            return line;
        }
        if (buffer_.size() - consumed_ > kHeadMax) {
            return fail(ErrorCode::InvalidInput, "a line of the response is too long");
        }
        const auto unread = buffer_.size() - consumed_;
        TRY_VOID(fill());
        searched = consumed_ + (unread > 0 ? unread - 1 : 0);
    }
}

Result<ClientResponse> Client::get(std::string_view target, Headers headers) {
    return send({.method = "GET", .target = target, .headers = std::move(headers)});
}

Result<ClientResponse> Client::post(std::string_view target, std::string_view content_type,
                                    std::string_view body, Headers headers) {
    headers.add("Content-Type", content_type);
    return send(
        {.method = "POST", .target = target, .headers = std::move(headers), .body = body});
}

Result<ClientResponse> Client::send(const ClientRequest& request) {
    return exchange(request, nullptr);
}
Result<ClientResponse> Client::send(const ClientRequest& request, const Sink& sink) {
    return exchange(request, &sink);
}

Result<ClientResponse> Client::exchange(const ClientRequest& request, const Sink* sink) {
    std::string head;
    head += request.method;
    head += ' ';
    head += request.target;
    head += " HTTP/1.1\r\nHost: " + host_ + ':' + std::to_string(port_) + "\r\n";
    for (const auto& header : request.headers) {
        head += header.name + ": " + header.value + "\r\n";
    }
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
        head += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    head += "\r\n";

    const bool kept = static_cast<bool>(socket_);
    for (bool again = kept;; again = false) {
        if (!socket_) TRY_VOID(connect());
        got_bytes_ = false;
        const auto written = [&]() -> Result<void> {
            iovec pieces[] = {{head.data(), head.size()},
                              {const_cast<char*>(request.body.data()), request.body.size()}};
            msghdr message{};
            message.msg_iov = pieces;
            message.msg_iovlen = 2;
            const auto n = ::sendmsg(socket_.get(), &message, MSG_NOSIGNAL);
            if (n < 0) return socket_failure("send", errno);
            const auto sent = static_cast<std::size_t>(n);
            if (sent < head.size()) TRY_VOID(write_raw(std::string_view(head).substr(sent)));
            return write_raw(request.body.substr(
                std::min(sent - std::min(sent, head.size()), request.body.size())));
        }();
        // A server that refuses early answers and then closes while we still send.
        auto response = read_response(request.method, sink);
        if (response) return response;
        close();
        if (!again || got_bytes_) return written ? response : tl::unexpected(written.error());
    }
}

Result<ClientResponse> Client::read_response(std::string_view method) {
    return read_response(method, nullptr);
}

Result<ClientResponse> Client::read_response(std::string_view method, const Sink* sink) {
    ClientResponse response;
    while (true) {
        TRY(const std::string_view line, read_line());
        if (!line.starts_with("HTTP/1.") || line.size() < 12) {
            return fail(ErrorCode::InvalidInput, "the response is not HTTP/1.1");
        }
        const auto status = parse_number(line.substr(9, 3), 10);
        if (!status) return fail(ErrorCode::InvalidInput, "the response has no status");
        response.status = static_cast<int>(*status);
        response.headers = {};
        while (true) {
            TRY(const std::string_view field, read_line());
            if (field.empty()) break;
            const auto colon = std::min(field.find(':'), field.size());
            response.headers.add(field.substr(0, colon),
                                 trim(field.substr(std::min(colon + 1, field.size()))));
        }
        // 100 Continue and other interim answers precede the one that we want.
        if (response.status >= 200) break;
    }
    if (method != "HEAD" && response.status != 204 && response.status != 304) {
        TRY_VOID(read_body(response, sink));
    }
    if (list_has_token(response.headers.get("Connection"), "close")) close();
    return response;
}

Result<void> Client::read_body(ClientResponse& response, const Sink* sink) {
    if (list_has_token(response.headers.get("Transfer-Encoding"), "chunked")) {
        while (true) {
            TRY(const std::string_view line, read_line());
            const auto size = parse_number(line.substr(0, line.find(';')), 16);
            if (!size) return fail(ErrorCode::InvalidInput, "a chunk has no size");
            if (*size == 0) break;
            TRY_VOID(read_exactly(*size, response, sink));
            TRY(const std::string_view end, read_line());
            if (!end.empty()) return fail(ErrorCode::InvalidInput, "a chunk is too long");
        }
        while (true) {
            TRY(const std::string_view trailer, read_line());
            if (trailer.empty()) return {};
        }
    }
    if (const auto length = response.headers.find("Content-Length")) {
        const auto count = parse_number(*length, 10);
        if (!count) return fail(ErrorCode::InvalidInput, "Content-Length is not a number");
        return read_exactly(*count, response, sink);
    }
    // Until the server closes.
    while (true) {
        const auto buffered = buffer_.size() - consumed_;
        if (buffered > 0) {
            TRY_VOID(read_exactly(buffered, response, sink));
        } else if (!fill()) {
            close();
            return {};
        }
    }
}

Result<void> Client::read_exactly(std::uint64_t count, ClientResponse& response,
                                  const Sink* sink) {
    if (!sink && count > options_.body_max -
                             std::min<std::uint64_t>(options_.body_max, response.body.size())) {
        return fail(ErrorCode::LimitExceeded, "the response is larger than " +
                                                  std::to_string(options_.body_max) + " bytes");
    }
    while (count > 0) {
        if (consumed_ == buffer_.size()) TRY_VOID(fill());
        const auto take = static_cast<std::size_t>(
            std::min<std::uint64_t>(count, buffer_.size() - consumed_));
        const std::string_view piece(buffer_.data() + consumed_, take);
        if (sink) {
            (*sink)(as_bytes(piece));
        } else {
            response.body += piece;
        }
        consumed_ += take;
        count -= take;
    }
    return {};
}

}  // namespace larmor::http
