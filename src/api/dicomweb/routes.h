#pragma once
#include "api/context.h"
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

/// A route's handler from a coroutine function that takes the context and the request.
template <typename F>
http::Handler with_context(ContextPtr context, F handler) {
    return [context = std::move(context), handler](http::Request request) {
        return handler(context, std::move(request));
    };
}

}  // namespace larmor::api
