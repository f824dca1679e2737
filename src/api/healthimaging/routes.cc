#include "api/healthimaging/routes.h"

namespace larmor::api {

void add_healthimaging_routes(http::Router& router, const ContextPtr& context) {
    add_datastore_routes(router, context);
    add_service_image_set_routes(router, context);
    add_copy_route(router, context);
    add_image_set_metadata_route(router, context);
    add_image_frame_route(router, context);
    add_service_search_route(router, context);
    add_tag_routes(router, context);
    add_service_import_routes(router, context);
}

}  // namespace larmor::api
