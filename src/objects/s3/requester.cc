#include "objects/s3/requester.h"

#include <algorithm>
#include <thread>

#include "base/percent.h"

namespace larmor::objects::s3 {
namespace {

std::string encode_key(std::string_view key) {
    std::string encoded;
    for (;;) {
        const auto slash = key.find('/');
        encoded += percent_encode(key.substr(0, slash));
        if (slash == std::string_view::npos) return encoded;
        encoded += '/';
        key.remove_prefix(slash + 1);
    }
}

/// Letters, digits, dots and hyphens, 3 to 63 of them.
bool is_bucket_name(std::string_view name) {
    return name.size() >= 3 && name.size() <= 63 && std::ranges::all_of(name, [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
           });
}

bool is_authority(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == ':' || c == '[' || c == ']' || c == '_';
    });
}

std::string what_of(const Call& call) {
    std::string what = "S3 " + std::string(call.name);
    if (!call.key.empty()) what += ' ' + call.key;
    return what;
}

}  // namespace

Result<void> check_key(std::string_view key) {
    if (key.empty() || key.size() > 1024 || key.find('\0') != std::string_view::npos) {
        return fail(ErrorCode::InvalidInput, "an S3 key has 1 to 1024 bytes and no NUL");
    }
    return {};
}

Requester::Requester(ClientOptions options, std::string scheme, std::string host)
    : options_(std::move(options)),
      origin_(std::move(scheme) + "://" + host),
      host_(std::move(host)),
      connections_(options_.connections) {}

Result<std::unique_ptr<Requester>> Requester::make(ClientOptions options) {
    std::string_view endpoint = options.endpoint;
    const auto scheme_end = endpoint.find("://");
    const auto scheme = endpoint.substr(0, std::min(scheme_end, endpoint.size()));
    if (scheme_end == std::string_view::npos || (scheme != "http" && scheme != "https")) {
        return fail(ErrorCode::InvalidInput, "the S3 endpoint is no http or https URL");
    }
    endpoint.remove_prefix(scheme_end + 3);
    if (endpoint.ends_with('/')) endpoint.remove_suffix(1);
    if (!is_authority(endpoint)) {
        return fail(ErrorCode::InvalidInput,
                    "the S3 endpoint is not a scheme, a host and perhaps a port");
    }
    if (!is_bucket_name(options.bucket)) {
        return fail(ErrorCode::InvalidInput,
                    "an S3 bucket's name has 3 to 63 lower-case "
                    "letters, digits, dots and hyphens");
    }
    if (options.credentials.access_key_id.empty()) {
        return fail(ErrorCode::Unauthenticated, "no S3 credentials");
    }
    std::string host(endpoint);
    // A port that goes without saying is left out of the header, and so of what is signed.
    for (const auto& [of, port] : {std::pair("http", ":80"), std::pair("https", ":443")}) {
        if (scheme == of && host.ends_with(port)) host.resize(host.rfind(':'));
    }
    if (options.style == AddressStyle::VirtualHost) host = options.bucket + '.' + host;
    std::string owned_scheme(scheme);
    return std::unique_ptr<Requester>(
        new Requester(std::move(options), std::move(owned_scheme), std::move(host)));
}

sigv4::Request Requester::request_of(const Call& call) const {
    sigv4::Request request;
    request.method = call.method;
    if (options_.style == AddressStyle::Path) request.path = '/' + options_.bucket;
    request.path += '/' + encode_key(call.key);
    for (const auto& [name, value] : call.query) {
        if (!request.query.empty()) request.query += '&';
        request.query.append(percent_encode(name)).append("=").append(percent_encode(value));
    }
    request.headers = call.headers;
    request.headers.push_back({"host", host_});
    return request;
}

Requester::Outcome Requester::attempt(const Call& call, const AnswerSink& sink) {
    auto request = request_of(call);
    const auto hash = call.body_sha256 ? *call.body_sha256 : sha256(call.body);
    const auto signature =
        sigv4::sign(request, to_hex(hash), options_.credentials,
                    {options_.clock->now(), options_.region}, sigv4::PathRule::ObjectKey);
    if (!signature) return tl::unexpected(Failure{signature.error()});
    HttpRequest http;
    http.method = call.method;
    http.url = origin_ + request.path;
    if (!request.query.empty()) http.url += '?' + request.query;
    http.headers = std::move(request.headers);
    http.body = call.body;
    http.silence_max = call.silence_max.value_or(options_.silence_max);

    auto answer = connections_.exchange(http, sink);
    if (!answer) {
        Failure failure = std::move(answer).error();
        failure.error.message = what_of(call) + ": " + failure.error.message;
        return tl::unexpected(std::move(failure));
    }
    if (answer->status / 100 == 2) return answer;
    return tl::unexpected(server_failure(what_of(call), answer->status, answer->body,
                                         answer->header("x-amz-request-id")));
}

Requester::Outcome Requester::run(const Call& call, unsigned* attempts) {
    // The body is hashed once, whatever happens to it on the way.
    Call hashed = call;
    if (!hashed.body_sha256) hashed.body_sha256 = sha256(call.body);
    for (unsigned number = 1;; ++number) {
        if (attempts != nullptr) *attempts = number;
        auto outcome = attempt(hashed, {});
        if (outcome) return outcome;
        const auto waited = wait_before_next(outcome.error(), number);
        if (!waited) {
            Failure failure = std::move(outcome).error();
            failure.error = waited.error();
            return tl::unexpected(std::move(failure));
        }
    }
}

Result<void> Requester::wait_before_next(const Failure& failure, unsigned number) {
    const auto& retry = options_.retry;
    if (!failure.again) return tl::unexpected(failure.error);
    auto left = async::backoff_delay(retry, number, async::random_unit());
    if (number >= retry.attempts_max || left >= retry.deadline.remaining()) {
        Error error = failure.error;
        error.message += " (attempt " + std::to_string(number) + ", the last)";
        return tl::unexpected(std::move(error));
    }
    // Nothing rings when a token is cancelled, so it is looked at from time to time.
    constexpr std::chrono::nanoseconds kLook = std::chrono::milliseconds(100);
    while (left.count() > 0) {
        TRY_VOID(connections_.cancel().check("waiting to ask S3 again"));
        const auto slice = std::min(left, kLook);
        std::this_thread::sleep_for(slice);
        left -= slice;
    }
    return connections_.cancel().check("asking S3 again");
}

Result<std::string> Requester::presign(std::string_view method, const std::string& key,
                                       std::chrono::seconds expires) {
    TRY_VOID(check_key(key));
    Call call;
    call.method = method;
    call.key = key;
    const auto request = request_of(call);
    TRY(const std::string query,
        sigv4::presign(request, sigv4::kUnsignedPayload, expires, options_.credentials,
                       {options_.clock->now(), options_.region}, sigv4::PathRule::ObjectKey));
    return origin_ + request.path + '?' + query;
}

}  // namespace larmor::objects::s3
