#include "http/request_head.h"

#include <algorithm>
#include <charconv>
#include <cstring>

#include "http/field_scanner.h"
#include "http/origin.h"

namespace larmor::http {
namespace {

// A client may end a body with a line end too many (RFC 9112 section 2.2).
constexpr std::size_t kEmptyLinesMax = 2;
constexpr std::size_t kHeadersUsual = 12;  // what browsers send
constexpr std::size_t kChunkLineMax = 256;
constexpr std::size_t kTrailerBytesMax = 4096;

HeadRefused bad(std::string_view detail) {
    return {400, std::string(detail)};
}

std::optional<std::uint64_t> parse_digits(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || error != std::errc() || end != text.data() + text.size()) {
        return std::nullopt;
    }
    return value;
}

/// `GET /path?query HTTP/1.1`
std::optional<HeadRefused> parse_request_line(std::string_view line, const Limits& limits,
                                              RequestHead& head) {
    const auto method_end = line.find(' ');
    const auto version_at = line.rfind(' ');
    if (method_end == std::string_view::npos || version_at == method_end) {
        return bad("the request line is not METHOD SP target SP version");
    }
    const auto method = line.substr(0, method_end);
    auto target = line.substr(method_end + 1, version_at - method_end - 1);
    const auto version = line.substr(version_at + 1);

    if (version.size() != 8 || !version.starts_with("HTTP/") || version[6] != '.') {
        return bad("the request line names no HTTP version");
    }
    if (version != "HTTP/1.1" && version != "HTTP/1.0") {
        return HeadRefused{505, "HTTP/1.1 is spoken here"};
    }
    head.http_1_0 = version == "HTTP/1.0";
    head.keep_alive = !head.http_1_0;

    if (method.empty() || !std::all_of(method.begin(), method.end(), is_token_char)) {
        return bad("the method is not a token");
    }
    const auto known = parse_method(method);
    if (!known) return HeadRefused{501, "the method is not known"};
    head.method = *known;

    if (target.size() > limits.target_bytes_max) {
        return HeadRefused{414, "the target is longer than " +
                                    std::to_string(limits.target_bytes_max) + " bytes"};
    }
    const bool visible = std::all_of(target.begin(), target.end(),
                                     [](char c) { return c > ' ' && c < 0x7f && c != '#'; });
    if (target.empty() || !visible) return bad("the target has characters that need encoding");
    head.target = target;
    if (target == "*" && head.method == Method::Options) {
        head.path = target;
        return std::nullopt;
    }
    // The absolute form, which proxies use; Host says the same.
    for (const std::string_view scheme : {"http://", "https://"}) {
        if (!target.starts_with(scheme)) continue;
        const auto slash = target.find('/', scheme.size());
        target = slash == std::string_view::npos ? "/" : target.substr(slash);
    }
    if (target.front() != '/') return bad("the target is not a path");
    const auto question = target.find('?');
    head.path = target.substr(0, question);
    if (question != std::string_view::npos) head.query = target.substr(question + 1);
    return std::nullopt;
}

std::optional<HeadRefused> parse_field(std::string_view line, Headers& headers) {
    if (line.front() == ' ' || line.front() == '\t') return bad("a header field is folded");
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return bad("a header field has no name");
    const auto name = line.substr(0, colon);
    // A space before the colon too: proxies disagree on what it means.
    if (!std::all_of(name.begin(), name.end(), is_token_char)) {
        return bad("the name of a header field is not a token");
    }
    const auto value = trim(line.substr(colon + 1));
    const bool clean = std::none_of(value.begin(), value.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
    });
    if (!clean) return bad("a header field has control characters");
    headers.add(name, value);
    return std::nullopt;
}

/// What the fields say about the message itself. Two readings of where a body ends are how
/// requests are smuggled (RFC 9112 section 11.2), so whatever is said twice is refused.
std::optional<HeadRefused> interpret(RequestHead& head) {
    std::size_t hosts = 0;
    std::size_t lengths = 0;
    std::size_t encodings = 0;
    for (const auto& [name, value] : head.headers) {
        if (equal_ignoring_case(name, "Host")) {
            ++hosts;
            if (!value.empty() && !is_host(value)) return bad("Host is no host");
        } else if (equal_ignoring_case(name, "Content-Length")) {
            ++lengths;
            const bool digits = !value.empty() && value.size() <= 18 &&
                                value.find_first_not_of("0123456789") == std::string::npos;
            if (!digits) return bad("Content-Length is not a number");
            head.content_length = parse_digits(value);
        } else if (equal_ignoring_case(name, "Transfer-Encoding")) {
            ++encodings;
            if (!equal_ignoring_case(value, "chunked")) {
                return HeadRefused{501, "only the transfer coding chunked is known"};
            }
            head.chunked = true;
        } else if (equal_ignoring_case(name, "Connection")) {
            if (list_has_token(value, "close")) {
                head.keep_alive = false;
            } else if (head.http_1_0 && list_has_token(value, "keep-alive")) {
                head.keep_alive = true;
            }
        } else if (equal_ignoring_case(name, "Expect")) {
            if (!equal_ignoring_case(value, "100-continue")) {
                return HeadRefused{417, "only the expectation 100-continue is known"};
            }
            head.expects_continue = !head.http_1_0;
        }
    }
    if (hosts > 1 || (hosts == 0 && !head.http_1_0)) return bad("there must be one Host");
    if (lengths > 1) return bad("Content-Length is there more than once");
    if (encodings > 1) return bad("Transfer-Encoding is there more than once");
    if (encodings > 0 && lengths > 0) {
        return bad("Content-Length and Transfer-Encoding contradict each other");
    }
    if (encodings > 0 && head.http_1_0) return bad("HTTP/1.0 has no Transfer-Encoding");
    return std::nullopt;
}

}  // namespace

HeadOutcome parse_request_head(std::string_view received, const Limits& limits,
                               std::size_t& searched) {
    std::size_t begin = 0;  // behind empty lines that may precede a request
    while (begin < 2 * kEmptyLinesMax && received.substr(begin).starts_with("\r\n")) begin += 2;

    // Finds the empty line, and refuses a bare LF as soon as it is seen.
    std::size_t end = 0;
    for (auto at = std::max(searched, begin);;) {
        const auto newline = received.find('\n', at);
        if (newline == std::string_view::npos) break;
        if (newline == 0 || received[newline - 1] != '\r') {
            return bad("a line does not end in CR LF");
        }
        if (newline >= begin + 3 && received[newline - 2] == '\n') {
            end = newline + 1;
            break;
        }
        if (newline == begin + 1) return bad("the request begins with empty lines");
        at = newline + 1;
        searched = at;
    }
    const auto size = (end > 0 ? end : received.size()) - begin;
    if (size > limits.head_bytes_max) {
        return HeadRefused{431, "the head of the request is larger than " +
                                    std::to_string(limits.head_bytes_max) + " bytes"};
    }
    if (end == 0) return HeadIncomplete{};

    // The lines, without the empty one at the end.
    auto text = received.substr(begin, end - begin - 2);
    HeadComplete complete{{}, end};
    auto& head = complete.head;
    head.headers.reserve(kHeadersUsual);
    bool first = true;
    while (!text.empty()) {
        const auto line = text.substr(0, text.find("\r\n"));
        text.remove_prefix(line.size() + 2);
        if (first) {
            if (auto refused = parse_request_line(line, limits, head)) return *refused;
            first = false;
            continue;
        }
        if (head.headers.size() >= limits.header_count_max) {
            return HeadRefused{431, "the request has more than " +
                                        std::to_string(limits.header_count_max) +
                                        " header fields"};
        }
        if (auto refused = parse_field(line, head.headers)) return *refused;
    }
    if (auto refused = interpret(head)) return *refused;
    return complete;
}

Result<ChunkedDecoder::Step> ChunkedDecoder::next(std::string_view input) {
    Step step;
    while (true) {
        const auto rest = input.substr(step.consumed);
        if (state_ == State::Done) return step;
        if (state_ == State::Data && left_ > 0) {
            step.data = static_cast<std::size_t>(std::min<std::uint64_t>(left_, rest.size()));
            left_ -= step.data;
            return step;
        }
        if (state_ == State::Data) state_ = State::DataEnd;

        const auto newline = rest.find('\n');
        const auto line_max = state_ == State::Trailer ? kTrailerBytesMax : kChunkLineMax;
        if (std::min(newline, rest.size()) > line_max) {
            return fail(ErrorCode::InvalidInput, "a line between chunks is too long");
        }
        if (newline == std::string_view::npos) return step;
        if (newline == 0 || rest[newline - 1] != '\r') {
            return fail(ErrorCode::InvalidInput, "a line between chunks does not end in CR LF");
        }
        const auto line = rest.substr(0, newline - 1);
        step.consumed += newline + 1;
        if (state_ == State::DataEnd) {
            if (!line.empty()) {
                return fail(ErrorCode::InvalidInput, "a chunk is longer than its size");
            }
            state_ = State::Size;
        } else if (state_ == State::Size) {
            const auto digits = line.substr(0, line.find_first_of("; \t"));
            const auto [end, error] =
                std::from_chars(digits.data(), digits.data() + digits.size(), left_, 16);
            if (digits.empty() || digits.size() > 15 || error != std::errc() ||
                end != digits.data() + digits.size() ||
                line.find_first_of(std::string_view("\0\r", 2)) != std::string_view::npos) {
                return fail(ErrorCode::InvalidInput, "a chunk has no size");
            }
            const auto extension = trim(line.substr(digits.size()));
            if (!extension.empty() && extension.front() != ';') {
                return fail(ErrorCode::InvalidInput, "text behind the size of a chunk");
            }
            state_ = left_ == 0 ? State::Trailer : State::Data;
        } else {
            trailer_bytes_ += line.size() + 2;
            if (trailer_bytes_ > kTrailerBytesMax) {
                return fail(ErrorCode::InvalidInput, "the trailers are too long");
            }
            if (line.empty()) state_ = State::Done;
        }
    }
}

}  // namespace larmor::http
