#include <limits>
#include <ranges>

#include "api/access.h"
#include "api/deletions.h"
#include "api/handler.h"
#include "api/healthimaging/errors.h"
#include "api/healthimaging/routes.h"
#include "api/healthimaging/service_json.h"
#include "api/healthimaging/service_request.h"
#include "api/healthimaging/update_request.h"
#include "api/image_set_acts.h"
#include "api/image_set_json.h"
#include "catalog/catalog.h"

namespace larmor::api {
namespace {

using catalog::ImageSet;
using catalog::ImageSetVersion;
using catalog::PlacedImageSet;
using http::Request;
using http::Response;
using http::Task;

/// A version as the service names it. Of the latest one the image set knows more.
std::string_view status_of(const ImageSet& set, const ImageSetVersion& version) {
    if (version.version == set.latest_version) return set.workflow_status;
    return version.version == 1 ? "CREATED" : "UPDATED";
}

ServiceObject& append_overrides(ServiceObject& object, const ImageSetVersion& version) {
    // The service leaves them out where nothing was forced.
    if (!version.forced) return object;
    return object.json("overrides", R"({"forced":true})");
}

std::string get_json(const Context& context, const ImageSet& set,
                     const ImageSetVersion& version) {
    const auto& datastore = context.services.catalog.datastore_id();
    ServiceObject object;
    object.text("datastoreId", datastore)
        .text("imageSetId", set.id)
        .text("versionId", std::to_string(version.version))
        .text("imageSetState", service_name_of(set.state))
        .text("imageSetWorkflowStatus", status_of(set, version))
        .time("createdAt", set.created)
        .time("updatedAt", version.created)
        .text("imageSetArn", events::image_set_arn(service_source(), datastore, set.id))
        .flag("isPrimary", set.is_primary)
        .text("storageTier", "FREQUENT_ACCESS");
    return append_overrides(object, version).take();
}

struct FoundVersion {
    PlacedImageSet placed;
    ImageSetVersion version;
};
/// `wanted` nothing: the latest. Errors: NotFound.
Result<FoundVersion> find_version(const catalog::Catalog& catalog, db::Snapshot& snapshot,
                                  std::string_view id, std::optional<std::int64_t> wanted) {
    TRY(auto placed, catalog.place_image_set(snapshot, id));
    const auto number = wanted.value_or(placed.image_set.latest_version);
    if (number <= placed.image_set.latest_version) {
        TRY(auto found, catalog.list_versions(snapshot, placed.image_set.row, number + 1, 1));
        if (!found.empty() && found.front().version == number) {
            return FoundVersion{std::move(placed), std::move(found.front())};
        }
    }
    return fail(ErrorCode::NotFound, "the image set has no version " + std::to_string(number));
}

Result<std::optional<std::int64_t>> version_in(const Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    const auto text = query.find("version");
    if (!text) return std::nullopt;
    TRY(const std::int64_t version, parse_version("version", *text));
    return version;
}

Task<Response> service_get_image_set(ContextPtr context, Request request) {
    const auto id = image_set_in(*context, request);
    if (!id) {
        co_return service_error(request, id.error());
    }
    const auto wanted = version_in(request);
    if (!wanted) {
        co_return service_error(request, wanted.error());
    }
    const auto found = co_await context->read([&](db::Snapshot& snapshot) {
        return find_version(context->services.catalog, snapshot, *id, *wanted);
    });
    if (!found) {
        co_return service_error(request, found.error());
    }
    Response response =
        service_answer(get_json(*context, found->placed.image_set, found->version));
    response.context = note_of(found->placed);
    co_return response;
}

/// One of ListImageSetVersions; the capital letter is the service's.
std::string version_json(const ImageSet& set, const ImageSetVersion& version) {
    ServiceObject object;
    object.text("imageSetId", set.id)
        .text("versionId", std::to_string(version.version))
        .text("imageSetState", service_name_of(set.state))
        .text("ImageSetWorkflowStatus", status_of(set, version))
        .time("createdAt", set.created)
        .time("updatedAt", version.created)
        .flag("isPrimary", set.is_primary);
    return append_overrides(object, version).take();
}

/// Of one version more than the page has, where there is one: the token is the page's last.
std::string versions_json(const ImageSet& set, const std::vector<ImageSetVersion>& versions,
                          std::size_t limit) {
    ServiceList list;
    for (const auto& version : versions | std::views::take(limit)) {
        list.add(version_json(set, version));
    }
    ServiceObject object;
    object.json("imageSetPropertiesList", list.take());
    if (versions.size() > limit) {
        object.text("nextToken", std::to_string(versions[limit - 1].version));
    }
    return object.take();
}

Result<ServicePage> versions_page_in(const Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    return page_in(query);
}

Task<Response> list_image_set_versions(ContextPtr context, Request request) {
    const auto id = image_set_in(*context, request);
    if (!id) {
        co_return service_error(request, id.error());
    }
    const auto page = versions_page_in(request);
    if (!page) {
        co_return service_error(request, page.error());
    }
    const auto before = number_of_token(*page);
    if (!before) {
        co_return service_error(request, before.error());
    }
    std::string json;
    const auto& catalog = context->services.catalog;
    const auto placed =
        co_await context->read([&](db::Snapshot& snapshot) -> Result<PlacedImageSet> {
            TRY(auto found, catalog.place_image_set(snapshot, *id));
            TRY(const auto versions,
                catalog.list_versions(
                    snapshot, found.image_set.row,
                    before->value_or(std::numeric_limits<std::int64_t>::max()),
                    page->limit + 1));
            json = versions_json(found.image_set, versions, page->limit);
            return found;
        });
    if (!placed) {
        co_return service_error(request, placed.error());
    }
    Response response = service_answer(std::move(json));
    response.context = note_of(*placed);
    co_return response;
}

std::string updated_json(const Context& context, const ImageSet& set) {
    return ServiceObject()
        .text("datastoreId", context.services.catalog.datastore_id())
        .text("imageSetId", set.id)
        .text("latestVersionId", std::to_string(set.latest_version))
        .text("imageSetState", service_name_of(set.state))
        .text("imageSetWorkflowStatus", set.workflow_status)
        .time("createdAt", set.created)
        .time("updatedAt", set.updated)
        .take();
}

Task<Response> update_image_set_metadata(ContextPtr context, Request request) {
    const auto id = image_set_in(*context, request);
    if (!id) {
        co_return service_error(request, id.error());
    }
    const auto body = co_await service_body(request);
    if (!body) {
        co_return service_error(request, body.error());
    }
    const auto update = parse_update_request(request.query, *body);
    if (!update) {
        co_return service_error(request, update.error());
    }
    const ImageSetEdit edit = [&](catalog::Catalog& catalog, db::Transaction& tx) {
        return catalog.edit_image_set(tx, *id, *update);
    };
    const auto edited = co_await run_edit(context, edit);
    if (!edited) {
        co_return service_error(request, edited.error());
    }
    // The one that was named comes first.
    Response response = service_answer(updated_json(*context, edited->front().image_set));
    response.context = note_of(*edited);
    co_return response;
}

Task<Response> service_delete_image_set(ContextPtr context, Request request) {
    const auto id = image_set_in(*context, request);
    if (!id) {
        co_return service_error(request, id.error());
    }
    const auto deletion =
        co_await run_image_set_deletion(context, *id, principal_of(request)->id);
    if (!deletion) {
        co_return service_error(request, deletion.error());
    }
    tell_of_deletion(*context, request, *deletion);
    Response response = service_answer(
        ServiceObject()
            .text("datastoreId", context->services.catalog.datastore_id())
            .text("imageSetId", *id)
            .text("imageSetState", service_name_of(catalog::ImageSetState::Deleted))
            .text("imageSetWorkflowStatus", "DELETED")
            .take());
    response.context = note_of(*deletion, deletion->number_of_instances);
    co_return response;
}

}  // namespace

void add_service_image_set_routes(http::Router& router, const ContextPtr& context) {
    const auto post = [&](std::string_view operation, std::string name, http::Right right,
                          http::Handler handler) {
        router.add({.method = http::Method::Post,
                    .pattern = std::string(kImageSetOperations) + std::string(operation),
                    .name = "healthimaging." + std::move(name),
                    .right = std::move(right),
                    .handler = std::move(handler),
                    .body_max = kEditBodyMaxBytes});
    };
    const auto reads = right(auth::Right::ReadMetadata, audit::Action::ReadMetadata);
    post("getImageSet", "get_image_set", reads, handler(context, service_get_image_set));
    post("listImageSetVersions", "list_image_set_versions", reads,
         handler(context, list_image_set_versions));
    post("updateImageSetMetadata", "update_image_set_metadata",
         right(auth::Right::Edit, audit::Action::Edit),
         handler(context, update_image_set_metadata));
    post("deleteImageSet", "delete_image_set",
         right(auth::Right::Delete, audit::Action::Delete),
         handler(context, service_delete_image_set));
}

}  // namespace larmor::api
