#include "api/access.h"
#include "api/handler.h"
#include "api/healthimaging/errors.h"
#include "api/healthimaging/routes.h"
#include "api/healthimaging/service_json.h"
#include "api/healthimaging/service_request.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

/// Of a request to create one, which is not read.
constexpr std::uint64_t kDatastoreBodyMaxBytes = 64 * 1024;
constexpr std::string_view kDatastoreName = "larmor";

/// The library: its one datastore.
std::string datastore_json(std::string_view id, Time created) {
    return ServiceObject()
        .text("datastoreId", id)
        .text("datastoreName", kDatastoreName)
        .text("datastoreStatus", "ACTIVE")
        .text("datastoreArn", datastore_arn(id))
        .time("createdAt", created)
        .time("updatedAt", created)
        .take();
}

Task<Result<Time>> read_created(ContextPtr context) {
    co_return co_await context->read([&](db::Snapshot& snapshot) {
        return context->services.catalog.datastore_created(snapshot);
    });
}

Task<Response> get_datastore(ContextPtr context, Request request) {
    if (const auto is_ours = check_datastore(*context, request); !is_ours) {
        co_return service_error(request, is_ours.error());
    }
    const auto created = co_await read_created(context);
    if (!created) {
        co_return service_error(request, created.error());
    }
    const auto json = datastore_json(context->services.catalog.datastore_id(), *created);
    co_return service_answer(ServiceObject().json("datastoreProperties", json).take());
}

/// Whether the one is asked for; a page after it is empty.
Result<bool> is_listed(const Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    TRY(const auto page, page_in(query));
    if (page.token) return wrong_token();
    const auto status = query.find("datastoreStatus").value_or("ACTIVE");
    for (const auto* known : {"CREATING", "CREATE_FAILED", "ACTIVE", "DELETING", "DELETED"}) {
        if (status == known) return status == "ACTIVE";
    }
    return fail(ErrorCode::InvalidInput, "datastoreStatus is none that there is");
}

Task<Response> list_datastores(ContextPtr context, Request request) {
    const auto listed = is_listed(request);
    if (!listed) {
        co_return service_error(request, listed.error());
    }
    const auto created = co_await read_created(context);
    if (!created) {
        co_return service_error(request, created.error());
    }
    ServiceList summaries;
    if (*listed) {
        summaries.add(datastore_json(context->services.catalog.datastore_id(), *created));
    }
    co_return service_answer(
        ServiceObject().json("datastoreSummaries", summaries.take()).take());
}

Task<Response> create_datastore(ContextPtr /*context*/, Request request) {
    const Error error{ErrorCode::LimitExceeded,
                      "a library is one datastore, and this one has it: serve another library "
                      "for another datastore"};
    co_return service_error(request, error, kQuotaExceeded);
}

Task<Response> delete_datastore(ContextPtr context, Request request) {
    if (const auto is_ours = check_datastore(*context, request); !is_ours) {
        co_return service_error(request, is_ours.error());
    }
    const Error error{ErrorCode::Conflict,
                      "the datastore is the library itself: stop the server and remove its "
                      "folder"};
    co_return service_error(request, error);
}

}  // namespace

void add_datastore_routes(http::Router& router, const ContextPtr& context) {
    const auto none = audit::Action::None;  // nothing of a patient
    router.add({.method = http::Method::Get,
                .pattern = "/healthimaging/datastore",
                .name = "healthimaging.list_datastores",
                .right = right(auth::Right::SignedIn, none),
                .handler = handler(context, list_datastores)});
    router.add({.method = http::Method::Post,
                .pattern = "/healthimaging/datastore",
                .name = "healthimaging.create_datastore",
                .right = right(auth::Right::Administer, none),
                .handler = handler(context, create_datastore),
                .body_max = kDatastoreBodyMaxBytes});
    router.add({.method = http::Method::Get,
                .pattern = "/healthimaging/datastore/{datastore}",
                .name = "healthimaging.get_datastore",
                .right = right(auth::Right::SignedIn, none),
                .handler = handler(context, get_datastore)});
    router.add({.method = http::Method::Delete,
                .pattern = "/healthimaging/datastore/{datastore}",
                .name = "healthimaging.delete_datastore",
                .right = right(auth::Right::Administer, none),
                .handler = handler(context, delete_datastore)});
}

}  // namespace larmor::api
