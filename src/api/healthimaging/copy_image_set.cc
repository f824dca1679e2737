#include "api/access.h"
#include "api/handler.h"
#include "api/healthimaging/copy_request.h"
#include "api/healthimaging/errors.h"
#include "api/healthimaging/routes.h"
#include "api/healthimaging/service_json.h"
#include "api/healthimaging/service_request.h"
#include "api/image_set_acts.h"
#include "api/image_set_json.h"
#include "catalog/catalog.h"

namespace larmor::api {
namespace {

using catalog::CopyOutcome;
using http::Request;
using http::Response;
using http::Task;

/// The service takes 260,000 characters of copiableAttributes, which stand in a text.
constexpr std::uint64_t kCopyBodyMaxBytes = 1024 * 1024;

std::string properties_json(const Context& context, const catalog::ImageSet& set) {
    const auto& datastore = context.services.catalog.datastore_id();
    return ServiceObject()
        .text("imageSetId", set.id)
        .text("latestVersionId", std::to_string(set.latest_version))
        .text("imageSetState", service_name_of(set.state))
        .text("imageSetWorkflowStatus", set.workflow_status)
        .time("createdAt", set.created)
        .time("updatedAt", set.updated)
        .text("imageSetArn", events::image_set_arn(service_source(), datastore, set.id))
        .take();
}

Task<Result<CopyOutcome>> run_copy(ContextPtr context, catalog::CopyRequest request) {
    const auto& services = context->services;
    co_return co_await services.database.write([&](db::Transaction& tx) -> Result<CopyOutcome> {
        // What a primary image set shows may be another one's now.
        tx.on_commit([&] { context->forget_all(); });
        return services.catalog.copy_image_set(tx, request);
    });
}

Task<Response> copy_image_set(ContextPtr context, Request request) {
    const auto id = image_set_in(*context, request);
    if (!id) {
        co_return service_error(request, id.error());
    }
    const auto body = co_await service_body(request);
    if (!body) {
        co_return service_error(request, body.error());
    }
    const auto copy = parse_copy_request(*id, request.query, *body);
    if (!copy) {
        co_return service_error(request, copy.error());
    }
    const auto copied = co_await run_copy(context, *copy);
    if (!copied) {
        co_return service_error(request, copied.error());
    }
    Response response =
        service_answer(ServiceObject()
                           .text("datastoreId", context->services.catalog.datastore_id())
                           .json("sourceImageSetProperties",
                                 properties_json(*context, copied->source.image_set))
                           .json("destinationImageSetProperties",
                                 properties_json(*context, copied->destination.image_set))
                           .take());
    response.context = note_of(copied->destination);
    co_return response;
}

}  // namespace

void add_copy_route(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Post,
                .pattern = std::string(kImageSetOperations) + "copyImageSet",
                .name = "healthimaging.copy_image_set",
                .right = right(auth::Right::Edit, audit::Action::Edit),
                .handler = handler(context, copy_image_set),
                .body_max = kCopyBodyMaxBytes});
}

}  // namespace larmor::api
