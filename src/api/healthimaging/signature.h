#pragma once
#include <optional>
#include <string_view>

#include "api/context.h"
#include "api/healthimaging/errors.h"
#include "auth/principal.h"

namespace larmor::api {

/// True of a request that somebody signed, or says so: `Authorization: AWS4-HMAC-SHA256 ...`.
/// Links (signatures in the query) are not taken.
bool is_signed(const http::Request& request);

/// The hash that the request says its body has, which is signed; that of no body where there is
/// none. Nothing where it must be computed first: what is then signed shows only with the body.
std::optional<std::string> claimed_payload(const http::Request& request);

/// Why a signed request is refused.
struct SignatureRefusal {
    Error error;
    ServiceError as;
};
/// Who signed a request whose body has the hash `payload`. Region and account are the client's
/// own business; the service must be `medical-imaging` and the time within 15 minutes of ours.
/// Until then whoever recorded the request can send it again, as is the nature of these
/// signatures: keep TLS before it. What must not be done twice has its own guard (the latest
/// version of an edit, the client token of an import).
tl::expected<auth::Principal, SignatureRefusal> verify_signature(const Context& context,
                                                                 const http::Request& request,
                                                                 std::string_view payload);

/// Runs around the handlers below /healthimaging, outside of the audit. Where the body is part
/// of what was signed, it is read here, and nothing goes on before it is the one. Puts the
/// request's id into the answer, by the service's name for it.
http::Task<http::Response> with_signed_body(ContextPtr context, http::Request request,
                                            http::Next next);

}  // namespace larmor::api
