#include "http/client.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>

#include "http/transport.h"

namespace larmor::http {
namespace {

constexpr std::size_t kReadStep = 64 * 1024;
constexpr std::size_t kHeadMax = 256 * 1024;

using Steady = std::chrono::steady_clock;

tl::unexpected<Error> unavailable(std::string_view what, std::string_view why) {
    return fail(ErrorCode::Unavailable, std::string(what) + ": " + std::string(why));
}
tl::unexpected<Error> socket_failure(std::string_view what, int error_number) {
    const bool late = error_number == EAGAIN || error_number == EINPROGRESS;
    return unavailable(what, late ? "timed out" : std::strerror(error_number));
}

/// Whether a wait that ended without anything was as long as it should be: a signal ends one
/// early, and OpenSSL does not tell which it was.
bool is_over(Steady::time_point began, std::chrono::milliseconds timeout) {
    return Steady::now() - began + std::chrono::milliseconds(5) >= timeout;
}

std::string_view host_address(std::string_view host) {
    return host == "localhost" ? "127.0.0.1" : host;
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
    sockaddr_storage address{};
    auto* v4 = reinterpret_cast<sockaddr_in*>(&address);
    auto* v6 = reinterpret_cast<sockaddr_in6*>(&address);
    const std::string host(host_address(host_));
    if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
    } else if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) == 1) {
        v6->sin6_family = AF_INET6;
    } else {
        return fail(ErrorCode::InvalidInput, "the client takes numeric addresses: " + host_);
    }
    v4->sin_port = htons(port_);  // at the same place in both families
    socket_ = UniqueFd(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!socket_) return socket_failure("socket", errno);
    const int one = 1;
    setsockopt(socket_.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(options_.timeout);
    const timeval timeout{us.count() / 1'000'000, us.count() % 1'000'000};
    setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout);
    const socklen_t size =
        address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) {
        return socket_failure("connect", errno);
    }
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
    if (consumed_ == buffer_.size()) {
        buffer_.clear();
        consumed_ = 0;
    }
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

std::string Client::head_of(const ClientRequest& request, std::string_view body_field) const {
    const bool v6 = host_.find(':') != std::string::npos;
    std::string head;
    head += request.method;
    head += ' ';
    head += request.target;
    head += " HTTP/1.1\r\nHost: ";
    head += v6 ? '[' + host_ + ']' : host_;
    head += ':' + std::to_string(port_) + "\r\n";
    for (const auto& header : request.headers) {
        head += header.name + ": " + header.value + "\r\n";
    }
    head += body_field;
    head += "\r\n";
    return head;
}

Result<ClientResponse> Client::exchange(const ClientRequest& request, const Sink* sink) {
    std::string length;
    if (!request.body.empty() || request.method == "POST" || request.method == "PUT") {
        length = "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
    }
    std::string head = head_of(request, length);
    const bool kept = transport_ != nullptr;
    for (bool again = kept;; again = false) {
        if (!transport_) TRY_VOID(connect());
        got_bytes_ = false;
        iovec pieces[] = {{head.data(), head.size()},
                          {const_cast<char*>(request.body.data()), request.body.size()}};
        const auto written = write_pieces(pieces);
        // A server that refuses early answers and then closes while we still send.
        auto response = read_response(request.method, sink);
        if (response) return response;
        close();
        if (!again || got_bytes_) return written ? response : tl::unexpected(written.error());
    }
}

Result<void> Client::begin_body(const ClientRequest& head) {
    TRY_VOID(connect());
    got_bytes_ = false;
    std::string text = head_of(head, "Transfer-Encoding: chunked\r\n");
    iovec piece{text.data(), text.size()};
    body_written_ = write_pieces(std::span(&piece, 1));
    if (!body_written_) close();
    return body_written_;
}

bool Client::write_body(Bytes piece) {
    if (!body_written_ || piece.empty()) return body_written_.has_value();
    if (has_answer()) {
        body_written_ = unavailable("send", "the server took no more");
        return false;
    }
    char size[24];
    const int digits = std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
    char end[] = "\r\n";
    iovec pieces[] = {{size, static_cast<std::size_t>(digits)},
                      {const_cast<std::byte*>(piece.data()), piece.size()},
                      {end, 2}};
    body_written_ = write_pieces(pieces);
    return body_written_.has_value();
}

Result<ClientResponse> Client::end_body() {
    if (body_written_) body_written_ = write_raw("0\r\n\r\n");
    auto response = read_response("POST", nullptr);
    if (!response || !body_written_) close();
    if (!response && !body_written_) return tl::unexpected(body_written_.error());
    return response;
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
