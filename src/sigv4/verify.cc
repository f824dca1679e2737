#include "sigv4/verify.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "base/percent.h"

namespace larmor::sigv4 {
namespace {

constexpr std::string_view kScheme = "AWS4-HMAC-SHA256";
constexpr std::chrono::seconds kValidMax = std::chrono::days(7);

tl::unexpected<Error> refuse(std::string why) {
    return fail(ErrorCode::Unauthenticated, "signature: " + std::move(why));
}

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    for (;;) {
        const auto end = text.find(separator);
        parts.emplace_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

bool is_hex_sha256(std::string_view text) {
    return text.size() == 64 && std::ranges::all_of(text, [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

/// What header and query have in common.
Result<Presented> read_parts(std::string_view credential, std::string_view date,
                             std::string_view signed_headers, std::string_view signature) {
    Presented presented;
    auto parts = split(credential, '/');
    if (parts.size() != 5 || parts[4] != "aws4_request" || parts[0].empty()) {
        return refuse("its Credential is not KEY/DATE/REGION/SERVICE/aws4_request");
    }
    const auto time = parse_amz_date(date);
    if (!time || date.substr(0, 8) != parts[1]) {
        return refuse("X-Amz-Date is no time of the Credential's day");
    }
    presented.scope = {*time, std::move(parts[2]), std::move(parts[3])};
    presented.access_key_id = std::move(parts[0]);
    presented.signed_headers = split(signed_headers, ';');
    // Strictly rising: else a header could count twice.
    if (std::ranges::adjacent_find(presented.signed_headers, std::greater_equal<>()) !=
        presented.signed_headers.end()) {
        return refuse("SignedHeaders are not in order");
    }
    if (!is_hex_sha256(signature)) return refuse("it is not 64 hexadecimal digits");
    presented.signature = signature;
    return presented;
}

Result<Presented> read_header(const Request& request, std::string_view value) {
    if (!value.starts_with(kScheme) || value.substr(kScheme.size(), 1) != " ") {
        return refuse("the Authorization is not of AWS4-HMAC-SHA256");
    }
    value.remove_prefix(kScheme.size());
    std::map<std::string, std::string, std::less<>> fields;
    for (std::string_view field : split(value, ',')) {
        field.remove_prefix(std::min(field.find_first_not_of(' '), field.size()));
        const auto equals = std::min(field.find('='), field.size());
        const bool is_new = fields
                                .try_emplace(std::string(field.substr(0, equals)),
                                             field.substr(std::min(equals + 1, field.size())))
                                .second;
        if (!is_new) return refuse("a field of the Authorization is there twice");
    }
    TRY(Presented presented,
        read_parts(fields["Credential"], header_value(request, "x-amz-date"),
                   fields["SignedHeaders"], fields["Signature"]));
    presented.session_token = header_value(request, "x-amz-security-token");
    return presented;
}

Result<Presented> read_query(const Request& request) {
    std::map<std::string, std::string, std::less<>> fields;
    for (const std::string_view parameter : split(request.query, '&')) {
        const auto equals = std::min(parameter.find('='), parameter.size());
        const auto name = percent_decode(parameter.substr(0, equals));
        const auto value =
            percent_decode(parameter.substr(std::min(equals + 1, parameter.size())));
        if (!name || !value) return refuse("a wrong percent escape");
        if (!name->starts_with("X-Amz-")) continue;
        if (!fields.try_emplace(*name, *value).second) {
            return refuse("a parameter of the signature is there twice");
        }
    }
    if (fields["X-Amz-Algorithm"] != kScheme) return refuse("the request has none");
    TRY(Presented presented,
        read_parts(fields["X-Amz-Credential"], fields["X-Amz-Date"],
                   fields["X-Amz-SignedHeaders"], fields["X-Amz-Signature"]));
    const std::string& text = fields["X-Amz-Expires"];
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc() || end != text.data() + text.size() || seconds < 1 ||
        seconds > kValidMax.count()) {
        return refuse("X-Amz-Expires is not 1 to 604800");
    }
    presented.expires = std::chrono::seconds(seconds);
    presented.session_token = fields["X-Amz-Security-Token"];
    return presented;
}

}  // namespace

Result<Presented> read_presented(const Request& request) {
    const auto authorization = header_value(request, "authorization");
    return authorization.empty() ? read_query(request) : read_header(request, authorization);
}

Result<void> verify(const Request& request, const Presented& presented,
                    std::string_view secret_access_key, std::string_view payload, Time now,
                    const VerifyOptions& options) {
    const Scope& scope = presented.scope;
    if (scope.region != options.region || scope.service != options.service) {
        return refuse("it is for another region or service, not " + options.region + " and " +
                      options.service);
    }
    if (scope.time > now + options.skew_max) return refuse("it is from the future");
    if (now > scope.time + presented.expires.value_or(options.skew_max)) {
        return refuse("it has expired");
    }
    // A header that means something must not be changed on the way, and nobody may send the
    // request on to another host.
    for (const auto& name : header_names(request)) {
        const bool must_be_signed = name == "host" || name.starts_with("x-amz-");
        if (must_be_signed && !std::ranges::binary_search(presented.signed_headers, name)) {
            return refuse("the header " + name + " is not signed");
        }
    }
    if (!std::ranges::binary_search(presented.signed_headers, "host")) {
        return refuse("the header host is not signed");
    }
    const auto canonical =
        canonical_request(request, presented.signed_headers, payload, options.path_rule);
    if (!canonical) return refuse(canonical.error().message);
    const auto expected =
        signature_of(*canonical, signing_key(secret_access_key, scope), scope);
    if (!equal_in_constant_time(as_bytes(expected), as_bytes(presented.signature))) {
        return refuse("it is not the one of this request and key");
    }
    return {};
}

}  // namespace larmor::sigv4
