#include "api/deletions.h"

#include "api/access.h"
#include "api/dicomweb/locate.h"
#include "api/dicomweb/routes.h"
#include "api/handler.h"
#include "api/list_query.h"
#include "api/problem.h"
#include "catalog/deletion_json.h"
#include "http/query.h"
#include "observe/log.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

constexpr std::size_t kListedMax = 1000;

Task<Response> delete_resource(ContextPtr context, Request request) {
    const auto path = resource_path(request);
    if (!path) {
        co_return problem(request, path.error());
    }
    if (path->names_image_set()) {
        co_return problem(request, {ErrorCode::InvalidInput,
                                    "a study, series or instance is deleted as a whole, not an "
                                    "image set or a version of it"});
    }
    const auto& services = context->services;
    const catalog::DeleteRequest wanted{
        .study_instance_uid = path->study,
        .series_instance_uid = path->series,
        .sop_instance_uid = path->instance,
        .deleted_by = principal_of(request)->id,
        .expires = services.clock.now() + context->options.delete_keep};
    const auto deletion = co_await services.database.write([&](db::Transaction& tx) {
        // Before anybody hears of the deletion, nobody finds it in memory any more.
        tx.on_commit([&] { context->forget_all(); });
        return services.catalog.delete_resource(tx, wanted);
    });
    co_return answer_deleted(*context, request, deletion);
}

Task<Response> list_deletions(ContextPtr context, Request request) {
    const auto query = http::parse_query(request.query);
    if (!query) {
        co_return problem(request, query.error());
    }
    const auto limit = limit_in(*query, kListedMax, kListedMax);
    const auto offset = number_in(*query, "offset");
    if (!limit || !offset) {
        co_return problem(request, limit ? offset.error() : limit.error());
    }
    const auto deletions = co_await context->read([&](db::Snapshot& snapshot) {
        return context->services.catalog.list_deletions(
            snapshot, static_cast<std::size_t>(offset->value_or(0)), *limit);
    });
    if (!deletions) {
        co_return problem(request, deletions.error());
    }
    std::string json = "[";
    for (const auto& deletion : *deletions) {
        json += json.size() > 1 ? "," : "";
        catalog::append_deletion_json(json, deletion);
    }
    json += ']';
    co_return private_json(std::move(json));
}

Task<Response> recover_deletion(ContextPtr context, Request request) {
    const std::string& id = request.path_parameter("deletion");
    const auto& services = context->services;
    const auto recovery = co_await services.database.write([&](db::Transaction& tx) {
        tx.on_commit([&] { context->forget_all(); });
        return services.catalog.recover(tx, id, [&](objects::ObjectId object) {
            return services.store.remove(tx, object);
        });
    });
    if (!recovery) {
        co_return problem(request, recovery.error());
    }
    observe::log_info("recovered", {{"request_id", request.id},
                                    {"deletion", id},
                                    {"instances", recovery->recovered},
                                    {"by", principal_of(request)->id}});
    std::string json = "{";
    json += R"("recovered":)" + std::to_string(recovery->recovered);
    json += R"(,"kept":)" + std::to_string(recovery->kept) + '}';
    Response response = private_json(std::move(json));
    response.context = note_of(recovery->deletion, recovery->recovered);
    co_return response;
}

Task<Response> purge_deletion(ContextPtr context, Request request) {
    const std::string& id = request.path_parameter("deletion");
    const auto& services = context->services;
    const auto deletion = co_await context->read(
        [&](db::Snapshot& snapshot) { return services.catalog.find_deletion(snapshot, id); });
    if (!deletion) {
        co_return problem(request, deletion.error());
    }
    const auto purged = co_await context->work([&] { return services.purger.purge(id); });
    if (!purged) {
        co_return problem(request, purged.error());
    }
    Response response(204);
    response.context = note_of(*deletion, *purged);
    co_return response;
}

}  // namespace

AuditNote note_of(const catalog::Deletion& deletion, std::int64_t instances) {
    AuditNote note;
    auto& subject = note.subjects.emplace_back();
    subject.patient_id = deletion.patient_id;
    subject.study = deletion.study_instance_uid;
    subject.series = deletion.series_instance_uid;
    subject.instance = deletion.sop_instance_uid;
    subject.object = deletion.id;
    subject.instances = static_cast<std::uint64_t>(instances);
    return note;
}

void tell_of_deletion(const Context& context, const Request& request,
                      const catalog::Deletion& deletion) {
    context.services.purger.wake();
    observe::log_info("deleted", {{"request_id", request.id},
                                  {"deletion", deletion.id},
                                  {"instances", deletion.number_of_instances},
                                  {"by", deletion.deleted_by}});
}

Response answer_deleted(const Context& context, const Request& request,
                        const Result<catalog::Deletion>& deletion) {
    if (!deletion) return problem(request, deletion.error());
    tell_of_deletion(context, request, *deletion);
    Response response(204);
    response.headers.add("Location", "/v1/deletions/" + deletion->id);
    response.context = note_of(*deletion, deletion->number_of_instances);
    return response;
}

void add_deletion_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](http::Method method, std::string pattern, std::string name,
                         audit::Action act, http::Handler handler) {
        router.add({.method = method,
                    .pattern = std::move(pattern),
                    .name = std::move(name),
                    .right = right(auth::Right::Delete, act),
                    .handler = std::move(handler)});
    };
    for (const auto& [path, name] :
         {std::pair(kStudyPath, "delete.study"), std::pair(kSeriesPath, "delete.series"),
          std::pair(kInstancePath, "delete.instance")}) {
        add(http::Method::Delete, "/dicomweb" + std::string(path), name, audit::Action::Delete,
            handler(context, delete_resource));
    }
    add(http::Method::Get, "/v1/deletions", "deletions.list", audit::Action::Query,
        handler(context, list_deletions));
    add(http::Method::Post, "/v1/deletions/{deletion}/recover", "deletions.recover",
        audit::Action::Delete, handler(context, recover_deletion));
    add(http::Method::Delete, "/v1/deletions/{deletion}", "deletions.purge",
        audit::Action::Delete, handler(context, purge_deletion));
}

}  // namespace larmor::api
