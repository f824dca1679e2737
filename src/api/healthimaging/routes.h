#pragma once
#include "api/context.h"
#include "http/router.h"

namespace larmor::api {

/// The API of AWS HealthImaging (service model of 2023-07-19, restJson1) below /healthimaging,
/// for its clients as they are: requests signed with our access keys or with bearer tokens,
/// errors by the service's names. docs/operating/healthimaging.md says where we differ.
///
/// Names of these routes begin with `healthimaging.`: by that the errors have their form and
/// signatures are taken.
void add_healthimaging_routes(http::Router& router, const ContextPtr& context);

// Its parts.
void add_datastore_routes(http::Router& router, const ContextPtr& context);
void add_service_image_set_routes(http::Router& router, const ContextPtr& context);
void add_copy_route(http::Router& router, const ContextPtr& context);
void add_image_set_metadata_route(http::Router& router, const ContextPtr& context);
void add_image_frame_route(http::Router& router, const ContextPtr& context);
void add_service_search_route(http::Router& router, const ContextPtr& context);
void add_tag_routes(http::Router& router, const ContextPtr& context);
void add_service_import_routes(http::Router& router, const ContextPtr& context);

/// Below it: `/healthimaging/datastore/{datastore}/imageSet/{imageSet}/` and the operation.
inline constexpr std::string_view kImageSetOperations =
    "/healthimaging/datastore/{datastore}/imageSet/{imageSet}/";

}  // namespace larmor::api
