#pragma once
#include <functional>
#include <string>

#include "api/context.h"
#include "audit/record.h"
#include "auth/principal.h"
#include "http/router.h"

namespace larmor::api {

// DICOMweb under /dicomweb, a function for each service. Source: PS3.18 section 10.

/// QIDO-RS: studies, series and instances at all resource paths.
void add_search_routes(http::Router& router, const ContextPtr& context);
/// STOW-RS.
void add_store_routes(http::Router& router, const ContextPtr& context);
/// WADO-RS of whole instances: study, series, instance.
void add_retrieve_routes(http::Router& router, const ContextPtr& context);
/// WADO-RS metadata.
void add_metadata_routes(http::Router& router, const ContextPtr& context);
/// WADO-RS frames and bulk data.
void add_frame_routes(http::Router& router, const ContextPtr& context);
void add_bulk_data_routes(http::Router& router, const ContextPtr& context);
/// WADO-RS rendered and thumbnail resources.
void add_rendered_routes(http::Router& router, const ContextPtr& context);
void add_thumbnail_routes(http::Router& router, const ContextPtr& context);

/// WADO-URI, the URI service, whose query names an instance. Source: PS3.18 section 9.
void add_uri_routes(http::Router& router, const ContextPtr& context);
inline constexpr std::string_view kUriPath = "/wado";
inline constexpr std::string_view kUriRouteName = "uri.retrieve";

/// The Capabilities Description of all routes that the router has. Source: PS3.18 section 8.9.
void add_capabilities_route(http::Router& router, const ContextPtr& context);

/// Paths below /dicomweb, as templates.
inline constexpr std::string_view kStudyPath = "/studies/{study}";
inline constexpr std::string_view kSeriesPath = "/studies/{study}/series/{series}";
inline constexpr std::string_view kInstancePath =
    "/studies/{study}/series/{series}/instances/{instance}";

/// A coroutine that answers a GET or says what is wrong: its error becomes a problem document.
using GetHandler = std::function<http::Task<Result<http::Response>>(ContextPtr, http::Request)>;

/// `path` + `below`, behind the path of a service.
struct GetRoute {
    std::string_view path;
    std::string_view below;
    std::string name;  ///< in metrics and logs
    auth::Right right;
    audit::Action act;
    GetHandler handler;
};
void add_get(http::Router& router, const ContextPtr& context, GetRoute route,
             std::string_view service = "/dicomweb");

}  // namespace larmor::api
