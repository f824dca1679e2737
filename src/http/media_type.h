#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace larmor::http {

/// `multipart/related; type="application/dicom"; transfer-syntax=*`. Type, subtype and names of
/// parameters are in lower case, quoted values are unquoted.
struct MediaType {
    std::string type;
    std::string subtype;
    std::vector<std::pair<std::string, std::string>> parameters;

    std::string essence() const { return type + "/" + subtype; }  ///< without parameters
    /// The first parameter of this name (lower case).
    std::optional<std::string_view> parameter(std::string_view name) const;
};

/// Source: RFC 9110 sections 5.6.6 and 8.3.1. Errors: InvalidInput with the offset.
Result<MediaType> parse_media_type(std::string_view text);
/// With parameters, quoted where they need it.
std::string to_string(const MediaType& type);

/// One entry of an Accept field: a type, which may be `*/*` or `image/*`, and its weight.
struct AcceptedType {
    MediaType range;  ///< without the parameter q
    double quality = 1;
};

/// The entries of an Accept field, best first: higher weight, then more specific, then as sent;
/// entries of weight 0 come last and mean "not this". An empty field accepts everything. Takes
/// at most 64 entries. Source: RFC 9110 section 12.5.1; PS3.18 section 8.7.5 for the parameters
/// of DICOM. An entry that can't be read says nothing: it is passed over, and a field with no
/// other accepts everything, as if it were not there. Errors: LimitExceeded.
Result<std::vector<AcceptedType>> parse_accept(std::string_view text);

/// The weight that the most specific matching entry gives to `essence` (`image/jpeg`),
/// regardless of parameters; 0 when nothing matches.
double quality_of(const std::vector<AcceptedType>& accepted, std::string_view essence);

/// The offer (an essence) of the highest weight, the first among equals; nothing when none is
/// acceptable, which is a 406.
std::optional<std::string_view> best_of(const std::vector<AcceptedType>& accepted,
                                        const std::vector<std::string_view>& offers);

/// Whether an Accept-Encoding field takes `coding` (`gzip`). Source: RFC 9110 section 12.5.3.
bool accepts_encoding(std::string_view accept_encoding, std::string_view coding);

}  // namespace larmor::http
