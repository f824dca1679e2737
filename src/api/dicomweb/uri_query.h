#pragma once
#include <array>
#include <optional>
#include <string>

#include "api/dicomweb/locate.h"
#include "api/dicomweb/render_query.h"
#include "http/query.h"

namespace larmor::api {

/// What a request of the URI service (WADO-URI) asks for. Source: PS3.18 sections 9.1.2, 9.4.1
/// and 9.5.1.
struct UriQuery {
    ResourcePath path;
    std::string content_type;            ///< a list of media types; empty: not given
    bool has_charset = false;            ///< of a data set: it stays in the one that it has
    std::string transfer_syntax;         ///< of application/dicom; empty: not given
    std::optional<std::uint32_t> frame;  ///< from 0
    /// Left, upper, right and lower edge of the part that is to be drawn, of 0 to 1 each.
    std::optional<std::array<double, 4>> region;
    RenderQuery render;
};

/// Errors: InvalidInput for a `requestType` that is not WADO, a UID that is missing or none, a
/// value that can't be read, `rows` without `columns`, `windowCenter` without `windowWidth`,
/// `presentationUID` without `presentationSeriesUID` (each also the other way round), and a
/// transfer syntax that PS3.18 section 8.7.3 does not allow; Unsupported for `anonymize` and
/// presentation states, which nothing here does.
Result<UriQuery> parse_uri_query(const http::Query& query);

/// The study, series and instance that a query names, as far as they are UIDs: for the audit
/// trail, which wants to know what was asked for even where the request is refused.
ResourcePath named_by_uri_query(const http::Query& query);

}  // namespace larmor::api
