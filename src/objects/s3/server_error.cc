#include "objects/s3/server_error.h"

#include <algorithm>
#include <array>

#include "objects/s3/xml_document.h"

namespace larmor::objects::s3 {
namespace {

struct Meaning {
    std::string_view s3_code;
    ErrorCode code;
    bool again;
};

// What the status does not tell. Source: Amazon S3 API Reference, "Error responses".
constexpr std::array kMeanings = std::to_array<Meaning>({
    {"RequestTimeout", ErrorCode::Unavailable, true},
    {"RequestTimeTooSkewed", ErrorCode::Unauthenticated, false},
    {"InvalidAccessKeyId", ErrorCode::Unauthenticated, false},
    {"SignatureDoesNotMatch", ErrorCode::Unauthenticated, false},
    {"ExpiredToken", ErrorCode::Unauthenticated, false},
    {"InvalidToken", ErrorCode::Unauthenticated, false},
    // What arrived is not what was sent: bytes were changed on the way.
    {"BadDigest", ErrorCode::Unavailable, true},
    {"XAmzContentSHA256Mismatch", ErrorCode::Unavailable, true},
    // Of two conditional writes at a time, one has to ask again.
    {"ConditionalRequestConflict", ErrorCode::Conflict, true},
    {"QuotaExceeded", ErrorCode::NoSpace, false},
    {"EntityTooLarge", ErrorCode::LimitExceeded, false},
    {"SlowDown", ErrorCode::Unavailable, true},
    {"InternalError", ErrorCode::Unavailable, true},
    {"ServiceUnavailable", ErrorCode::Unavailable, true},
    {"NoSuchKey", ErrorCode::NotFound, false},
    {"NoSuchBucket", ErrorCode::NotFound, false},
    {"NoSuchUpload", ErrorCode::NotFound, false},
    // In a cold tier: later, but not soon, and not without RestoreObject.
    {"InvalidObjectState", ErrorCode::Unavailable, false},
    {"AccessDenied", ErrorCode::Denied, false},
    {"NotImplemented", ErrorCode::Unsupported, false},
});

Meaning meaning_of(int status, std::string_view s3_code) {
    const auto* const known = std::ranges::find(kMeanings, s3_code, &Meaning::s3_code);
    if (known != kMeanings.end()) return *known;
    switch (status) {
        case 401:
            return {s3_code, ErrorCode::Unauthenticated, false};
        case 403:
            return {s3_code, ErrorCode::Denied, false};
        case 404:
            return {s3_code, ErrorCode::NotFound, false};
        case 405:
        case 501:
            return {s3_code, ErrorCode::Unsupported, false};
        case 408:
        case 429:
            return {s3_code, ErrorCode::Unavailable, true};
        case 409:
        case 412:
            return {s3_code, ErrorCode::Conflict, false};
        case 413:
            return {s3_code, ErrorCode::LimitExceeded, false};
        case 507:
            return {s3_code, ErrorCode::NoSpace, false};
        default:
            // An error in an answer with status 200 that we do not know is no fault of ours.
            // A redirect: the bucket is in another region, or has another address.
            if (status / 100 == 4 || status / 100 == 3) {
                return {s3_code, ErrorCode::InvalidInput, false};
            }
            return {s3_code, ErrorCode::Unavailable, status >= 500};
    }
}

/// The server's words come from outside: printable, and not endless.
std::string cleaned(std::string_view text) {
    constexpr std::size_t kMax = 200;
    std::string result(text.substr(0, kMax));
    std::ranges::replace_if(result, [](char c) { return c < ' ' || c > '~'; }, '?');
    return result;
}

}  // namespace

Failure failure_of(std::string_view what, int status, std::string_view s3_code,
                   std::string_view words, std::string_view request_id) {
    Failure failure;
    failure.status = status;
    failure.code = cleaned(s3_code);
    const auto meaning = meaning_of(status, failure.code);
    failure.again = meaning.again;
    failure.error = {meaning.code, std::string(what) + ": status " + std::to_string(status)};
    std::string& message = failure.error.message;
    if (!failure.code.empty()) message += ' ' + failure.code;
    if (!words.empty()) message += " (" + cleaned(words) + ')';
    if (failure.code == "InvalidObjectState") message += ": it has to be restored first";
    if (!request_id.empty()) message += ", request " + cleaned(request_id);
    return failure;
}

Failure server_failure(std::string_view what, int status, std::string_view body,
                       std::string_view request_id) {
    const auto document = read_xml(body);
    if (!document || document->name != "Error") {
        return failure_of(what, status, {}, {}, request_id);
    }
    return failure_of(what, status, document->text_of("Code"), document->text_of("Message"),
                      request_id.empty() ? document->text_of("RequestId") : request_id);
}

}  // namespace larmor::objects::s3
