#include "http/message.h"

#include <algorithm>
#include <cstring>

#include "base/json_text.h"

namespace larmor::http {
namespace {

constexpr std::string_view kMethodNames[] = {"GET",   "HEAD",   "POST",   "PUT",
                                             "PATCH", "DELETE", "OPTIONS"};

}  // namespace

std::string_view name_of(Method method) {
    return kMethodNames[static_cast<std::size_t>(method)];
}

std::optional<Method> parse_method(std::string_view text) {
    for (std::size_t i = 0; i < std::size(kMethodNames); ++i) {
        if (kMethodNames[i] == text) return static_cast<Method>(i);
    }
    return std::nullopt;
}

std::string_view reason_of(int status) {
    switch (status) {
        case 100:
            return "Continue";
        case 101:
            return "Switching Protocols";
        case 200:
            return "OK";
        case 201:
            return "Created";
        case 202:
            return "Accepted";
        case 203:
            return "Non-Authoritative Information";
        case 204:
            return "No Content";
        case 205:
            return "Reset Content";
        case 206:
            return "Partial Content";
        case 300:
            return "Multiple Choices";
        case 301:
            return "Moved Permanently";
        case 302:
            return "Found";
        case 303:
            return "See Other";
        case 304:
            return "Not Modified";
        case 307:
            return "Temporary Redirect";
        case 308:
            return "Permanent Redirect";
        case 400:
            return "Bad Request";
        case 401:
            return "Unauthorized";
        case 403:
            return "Forbidden";
        case 404:
            return "Not Found";
        case 405:
            return "Method Not Allowed";
        case 406:
            return "Not Acceptable";
        case 408:
            return "Request Timeout";
        case 409:
            return "Conflict";
        case 410:
            return "Gone";
        case 411:
            return "Length Required";
        case 412:
            return "Precondition Failed";
        case 413:
            return "Content Too Large";
        case 414:
            return "URI Too Long";
        case 415:
            return "Unsupported Media Type";
        case 416:
            return "Range Not Satisfiable";
        case 417:
            return "Expectation Failed";
        case 421:
            return "Misdirected Request";
        case 422:
            return "Unprocessable Content";
        case 426:
            return "Upgrade Required";
        case 428:
            return "Precondition Required";
        case 429:
            return "Too Many Requests";
        case 431:
            return "Request Header Fields Too Large";
        case 500:
            return "Internal Server Error";
        case 501:
            return "Not Implemented";
        case 502:
            return "Bad Gateway";
        case 503:
            return "Service Unavailable";
        case 504:
            return "Gateway Timeout";
        case 505:
            return "HTTP Version Not Supported";
        case 507:
            return "Insufficient Storage";
        default:
            return "Unknown";
    }
}

Task<Result<std::size_t>> MemoryBodyReader::read(std::span<std::byte> out) {
    const auto count = std::min({out.size(), left_.size(), read_max_});
    if (count > 0) std::memcpy(out.data(), left_.data(), count);
    left_ = left_.subspan(count);
    co_return count;
}

const std::string& Request::path_parameter(std::string_view name) const {
    const auto found = std::find_if(path_parameters.begin(), path_parameters.end(),
                                    [&](const auto& p) { return p.first == name; });
    LARMOR_CHECK(found != path_parameters.end());
    return found->second;
}

namespace {
/// Hands on to a reader that somebody else owns.
class ForwardingReader final : public BodyReader {
public:
    explicit ForwardingReader(BodyReader& to) : to_(to) {}
    Task<Result<std::size_t>> read(std::span<std::byte> out) override { return to_.read(out); }
    std::optional<std::uint64_t> length() const override { return to_.length(); }

private:
    BodyReader& to_;
};
}  // namespace

std::unique_ptr<BodyReader> body_of(const Request& request) {
    if (request.body_stream) return std::make_unique<ForwardingReader>(*request.body_stream);
    return std::make_unique<MemoryBodyReader>(as_bytes(request.body));
}

Task<Result<std::string>> read_whole_body(BodyReader& reader, std::uint64_t size_max) {
    constexpr std::size_t kStep = 64 * 1024;
    const auto too_large = [&] {
        return fail(ErrorCode::LimitExceeded,
                    "the body is larger than " + std::to_string(size_max) + " bytes");
    };
    const std::optional<std::uint64_t> length = reader.length();
    if (length.value_or(0) > size_max) co_return too_large();
    std::string body;
    while (true) {
        const std::uint64_t before = body.size();
        // A length that was only promised reserves no more than a step: memory follows what
        // arrives. Nor is a step made ready for a few bytes, which is what most bodies have.
        const std::uint64_t left = length.value_or(before + kStep) - before;
        body.resize(before + std::min<std::uint64_t>(left + 1, kStep));
        const auto out = std::as_writable_bytes(std::span(body)).subspan(before);
        CO_TRY(const std::size_t count, co_await reader.read(out));
        body.resize(before + count);
        if (count == 0) co_return body;
        if (body.size() > size_max) co_return too_large();
    }
}

std::uint64_t size_of(const Part& part) {
    struct Size {
        std::uint64_t operator()(const std::string& text) const { return text.size(); }
        std::uint64_t operator()(const std::shared_ptr<const std::string>& text) const {
            return text->size();
        }
        std::uint64_t operator()(const SharedBytes& shared) const {
            return shared.bytes.size();
        }
        std::uint64_t operator()(const FileSlice& slice) const { return slice.count; }
    };
    return std::visit(Size{}, part);
}

std::optional<std::uint64_t> Response::length() const {
    if (generator && !generated_length) return std::nullopt;
    std::uint64_t sum = generator ? *generated_length : 0;
    for (const auto& part : parts) sum += size_of(part);
    return sum;
}

Response problem(int status, std::string_view detail) {
    std::string body = R"({"type":"about:blank","title":)";
    append_json_string(body, reason_of(status));
    body += R"(,"status":)" + std::to_string(status);
    if (!detail.empty()) {
        body += R"(,"detail":)";
        append_json_string(body, is_utf8(detail) ? detail : "not UTF-8");
    }
    body += "}\n";
    return Response(status, "application/problem+json", std::move(body));
}

}  // namespace larmor::http
