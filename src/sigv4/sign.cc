#include "sigv4/sign.h"

#include <array>
#include <charconv>

#include "base/percent.h"

namespace larmor::sigv4 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::chrono::seconds kExpiresMax = std::chrono::days(7);

std::string hex_hmac(const Sha256& key, std::string_view text) {
    return to_hex(hmac_sha256(key, as_bytes(text)));
}

}  // namespace

std::string Scope::text() const {
    return to_amz_date(time).substr(0, 8) + '/' + region + '/' + service + "/aws4_request";
}

Sha256 signing_key(std::string_view secret_access_key, const Scope& scope) {
    const std::string secret = "AWS4" + std::string(secret_access_key);
    Sha256 key = hmac_sha256(as_bytes(secret), as_bytes(to_amz_date(scope.time).substr(0, 8)));
    key = hmac_sha256(key, as_bytes(scope.region));
    key = hmac_sha256(key, as_bytes(scope.service));
    return hmac_sha256(key, as_bytes("aws4_request"));
}

std::string signature_of(std::string_view canonical, const Sha256& key, const Scope& scope) {
    return hex_hmac(key, std::string(kAlgorithm) + '\n' + to_amz_date(scope.time) + '\n' +
                             scope.text() + '\n' + to_hex(sha256(as_bytes(canonical))));
}

Result<std::string> sign(Request& request, std::string_view payload,
                         const Credentials& credentials, const Scope& scope,
                         PathRule path_rule) {
    request.headers.push_back({"x-amz-date", to_amz_date(scope.time)});
    if (!credentials.session_token.empty()) {
        request.headers.push_back({"x-amz-security-token", credentials.session_token});
    }
    if (scope.service == "s3") {
        request.headers.push_back({"x-amz-content-sha256", std::string(payload)});
    }
    const auto names = header_names(request);
    TRY(const std::string canonical, canonical_request(request, names, payload, path_rule));
    auto signature =
        signature_of(canonical, signing_key(credentials.secret_access_key, scope), scope);
    request.headers.push_back(
        {"Authorization", std::string(kAlgorithm) + " Credential=" + credentials.access_key_id +
                              '/' + scope.text() + ", SignedHeaders=" + joined(names) +
                              ", Signature=" + signature});
    return signature;
}

Result<std::string> presign(const Request& request, std::string_view payload,
                            std::chrono::seconds expires, const Credentials& credentials,
                            const Scope& scope, PathRule path_rule) {
    if (expires < std::chrono::seconds(1) || expires > kExpiresMax) {
        return fail(ErrorCode::InvalidInput, "a signed URL lasts 1 second to 7 days, not " +
                                                 std::to_string(expires.count()) + " s");
    }
    const auto names = header_names(request);
    Request with = request;
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!with.query.empty()) with.query += '&';
        with.query.append(name).append("=").append(percent_encode(value));
    };
    add("X-Amz-Algorithm", kAlgorithm);
    add("X-Amz-Credential", credentials.access_key_id + '/' + scope.text());
    add("X-Amz-Date", to_amz_date(scope.time));
    add("X-Amz-Expires", std::to_string(expires.count()));
    if (!credentials.session_token.empty()) {
        add("X-Amz-Security-Token", credentials.session_token);
    }
    add("X-Amz-SignedHeaders", joined(names));
    TRY(const std::string canonical, canonical_request(with, names, payload, path_rule));
    add("X-Amz-Signature",
        signature_of(canonical, signing_key(credentials.secret_access_key, scope), scope));
    return with.query;
}

ChunkSigner::ChunkSigner(const Sha256& key, const Scope& scope, std::string seed)
    : key_(key),
      head_(std::string(kAlgorithm) + "-PAYLOAD\n" + to_amz_date(scope.time) + '\n' +
            scope.text() + '\n'),
      previous_(std::move(seed)) {}

std::string ChunkSigner::sign(Bytes chunk) {
    previous_ = hex_hmac(
        key_, head_ + previous_ + '\n' + to_hex(sha256({})) + '\n' + to_hex(sha256(chunk)));
    return previous_;
}

std::string chunk_head(std::uint64_t size_bytes, std::string_view signature) {
    std::array<char, 16> digits{};
    const auto [end, error] =
        std::to_chars(digits.data(), digits.data() + digits.size(), size_bytes, 16);
    return std::string(digits.data(), end) + ";chunk-signature=" + std::string(signature) +
           "\r\n";
}

}  // namespace larmor::sigv4
