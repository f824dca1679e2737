#include "api/healthimaging/signature.h"

#include "api/access.h"
#include "base/hash.h"
#include "http/router.h"
#include "sigv4/verify.h"

namespace larmor::api {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kService = "medical-imaging";
/// Of a body on a route that names no limit of its own: they are small documents.
constexpr std::uint64_t kSignedBodyMaxBytes = 256 * 1024;

sigv4::Request as_signed(const http::Request& request) {
    sigv4::Request copy{.method = std::string(http::name_of(request.method)),
                        .path = request.path,
                        .query = request.query};
    for (const auto& [name, value] : request.headers) copy.headers.push_back({name, value});
    return copy;
}

std::string hash_of(std::string_view body) {
    return to_hex(sha256(as_bytes(body)));
}

/// It may have one: nothing says that it has none.
bool has_body(const http::Request& request) {
    const auto length = request.headers.get("Content-Length");
    return request.headers.has("Transfer-Encoding") || !(length.empty() || length == "0");
}

tl::unexpected<SignatureRefusal> refused(Error error, const ServiceError& as) {
    return tl::unexpected(SignatureRefusal{std::move(error), as});
}

/// Takes the whole body into the request. The request must stay where it is.
http::Task<Result<void>> read_body(http::Request& request) {
    if (request.body_stream == nullptr) co_return Result<void>{};
    const auto reader = http::body_of(request);
    const auto max = request.route->body_max.value_or(kSignedBodyMaxBytes);
    CO_TRY(request.body, co_await http::read_whole_body(*reader, max));
    request.body_stream = nullptr;
    co_return Result<void>{};
}

/// A response where the request is not what was signed; else it may go on.
http::Task<std::optional<http::Response>> check_body(const Context& context,
                                                     http::Request& request) {
    if (!is_signed(request) || context.gate.sign_in() == auth::SignIn::Off) {
        co_return std::nullopt;
    }
    if (const auto read = co_await read_body(request); !read) {
        co_return service_error(request, read.error());
    }
    const std::string hash = hash_of(request.body);
    if (principal_of(request) == nullptr) {
        // Nothing but the body could say what was signed.
        co_return check_signer(context, request, hash);
    }
    if (claimed_payload(request) != hash) {
        const Error error{ErrorCode::Unauthenticated,
                          "signature: the body is not the one that was signed"};
        co_return service_error(request, error, kWrongSignature);
    }
    co_return std::nullopt;
}

}  // namespace

bool is_signed(const http::Request& request) {
    return request.headers.get("Authorization").starts_with(kAlgorithm);
}

std::optional<std::string> claimed_payload(const http::Request& request) {
    const auto claimed = request.headers.get("X-Amz-Content-Sha256");
    if (!claimed.empty()) return std::string(claimed);
    if (has_body(request)) return std::nullopt;
    return hash_of({});
}

tl::expected<auth::Principal, SignatureRefusal> verify_signature(const Context& context,
                                                                 const http::Request& request,
                                                                 std::string_view payload) {
    const auto as_sent = as_signed(request);
    auto presented = sigv4::read_presented(as_sent);
    if (!presented) return refused(std::move(presented).error(), kBrokenSignature);
    auto key = context.services.credentials.find_access_key(presented->access_key_id);
    if (!key) return refused(std::move(key).error(), kUnknownKey);
    if (!presented->session_token.empty()) {
        return refused({ErrorCode::Unauthenticated, "access keys here have no session token"},
                       kUnknownKey);
    }
    sigv4::VerifyOptions options;
    options.region = presented->scope.region;
    options.service = kService;
    options.path_rule = sigv4::PathRule::Normalized;
    auto verified = sigv4::verify(as_sent, *presented, key->secret, payload,
                                  context.services.clock.now(), options);
    if (!verified) return refused(std::move(verified).error(), kWrongSignature);
    return std::move(key->principal);
}

http::Task<http::Response> with_signed_body(ContextPtr context, http::Request request,
                                            http::Next next) {
    if (!is_healthimaging(request)) co_return co_await next(std::move(request));
    if (auto answer = co_await check_body(*context, request)) co_return *std::move(answer);
    const std::string id = request.id;
    http::Response response = co_await next(std::move(request));
    response.headers.set("X-Amzn-RequestId", id);
    co_return response;
}

}  // namespace larmor::api
