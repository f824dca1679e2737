#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/message.h"

namespace larmor::api {

/// One thing that a client takes for an instance, a frame or bulk data (PS3.18 section 8.7.3).
struct MediaChoice {
    enum class Form : std::uint8_t { Multipart, Single } form = Form::Multipart;
    /// Of the part or of the body: `application/dicom`, `image/jls`; a wild card stays one.
    std::string type;
    /// The `transfer-syntax` parameter: a UID, `*` for as stored, empty for the default.
    std::string transfer_syntax;

    bool takes(std::string_view media_type) const;
};

/// The choices of an Accept field, best first: `multipart/related; type="X"` is {Multipart, X},
/// `*/*` and a `multipart/related` without type {Multipart, `*/*`}, everything else {Single,
/// that type}. Errors: InvalidInput, LimitExceeded.
Result<std::vector<MediaChoice>> parse_media_choices(std::string_view accept);

/// What the client accepts: the query parameter `accept` where it is given (PS3.18 section
/// 8.3.3.1), else the header. Errors: those of the query.
Result<std::string> accept_of(const http::Request& request);
/// Both, to be tried in this order: where the parameter names nothing that there is, the header
/// decides (PS3.18 section 8.7.8.1). Without either one that is empty: everything is accepted.
Result<std::vector<std::string>> accepts_of(const http::Request& request);

/// The best of our offers (essences) for this request. Errors: Unsupported (406) that names
/// what there is.
Result<std::string> negotiate(const http::Request& request,
                              const std::vector<std::string_view>& offers);

}  // namespace larmor::api
