#include "http/client.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

#include "http/transport.h"

namespace larmor::http {
namespace {

/// Of all lines of a head, with those of the interim answers before it; of trailers.
constexpr std::size_t kHeadMax = 256 * 1024;
constexpr std::size_t kChunkLineMax = 1024;

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

Result<std::string> Client::read_raw(std::size_t count) {
    ClientResponse raw;
    TRY_VOID(read_exactly(count, raw, nullptr));
    return raw.body;
}

Result<std::string_view> Client::read_line(std::size_t& left) {
    std::size_t searched = consumed_;
    while (true) {
        const auto end = buffer_.find("\r\n", searched);
        const auto unread = std::min(end, buffer_.size()) - consumed_;
        if (unread > left) {
            return fail(ErrorCode::InvalidInput,
                        "a line or the head of the response is too long");
        }
        if (end != std::string::npos) {
            const std::string_view line(buffer_.data() + consumed_, unread);
            consumed_ = end + 2;
            // An empty line counts too: of these, too, there must not be any number.
            left -= std::min(left, unread + 2);
            return line;
        }
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
        body_written_ = fail(ErrorCode::Unavailable, "the server took no more");
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
    std::size_t head_left = kHeadMax;
    while (true) {
        TRY(const std::string_view line, read_line(head_left));
        if (!line.starts_with("HTTP/1.") || line.size() < 12) {
            return fail(ErrorCode::InvalidInput, "the response is not HTTP/1.1");
        }
        const auto status = parse_number(line.substr(9, 3), 10);
        if (!status) return fail(ErrorCode::InvalidInput, "the response has no status");
        response.status = static_cast<int>(*status);
        response.headers = {};
        while (true) {
            TRY(const std::string_view field, read_line(head_left));
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
            std::size_t line_left = kChunkLineMax;
            TRY(const std::string_view line, read_line(line_left));
            const auto size = parse_number(line.substr(0, line.find(';')), 16);
            if (!size) return fail(ErrorCode::InvalidInput, "a chunk has no size");
            if (*size == 0) break;
            TRY_VOID(read_exactly(*size, response, sink));
            TRY(const std::string_view end, read_line(line_left));
            if (!end.empty()) return fail(ErrorCode::InvalidInput, "a chunk is too long");
        }
        std::size_t trailers_left = kHeadMax;
        while (true) {
            TRY(const std::string_view trailer, read_line(trailers_left));
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
