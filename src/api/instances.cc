#include "api/instances.h"

#include "api/access.h"
#include "api/audited.h"
#include "api/handler.h"
#include "api/import_body.h"
#include "api/problem.h"
#include "base/ids.h"
#include "http/media_type.h"
#include "http/query.h"
#include "ingest/result_json.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

/// Errors: InvalidInput for a parameter that is not known here, and for a UID that is none.
Result<ingest::ImportOptions> options_of(const Request& request) {
    TRY(const http::Query query, http::parse_query(request.query));
    ingest::ImportOptions options;
    for (const auto& [name, value] : query.parameters) {
        if (name != "StudyInstanceUID" || !options.study_instance_uid.empty() ||
            !is_uid_key_part(value)) {
            return fail(ErrorCode::InvalidInput,
                        "the query may have one StudyInstanceUID with a UID and nothing else");
        }
        options.study_instance_uid = value;
    }
    return options;
}

/// A problem document with the members of a result: whoever imports many wants to know both.
Response rejection(const Request& request, const ingest::ImportResult& result) {
    const Error error =
        result.error.value_or(Error{ErrorCode::InvalidInput, "the instance was rejected"});
    std::string members = "{";
    ingest::append_result_members(members, result);
    return problem(request, error, error.code == ErrorCode::Unsupported ? 415 : 0,
                   members.substr(1));
}

Response acceptance(const Context& context, const Request& request,
                    const ingest::ImportResult& result) {
    std::string json = "{";
    ingest::append_result_members(json, result);
    json += '}';
    const bool is_new = result.outcome != ingest::Outcome::Duplicate;
    Response response = private_json(std::move(json), is_new ? 201 : 200);
    if (is_new && result.outcome != ingest::Outcome::Conflict) {
        response.headers.add("Location", context.service_base(request) + "/studies/" +
                                             result.study_instance_uid + "/series/" +
                                             result.series_instance_uid + "/instances/" +
                                             result.sop_instance_uid);
    }
    return response;
}

Task<Response> add_instance(ContextPtr context, Request request) {
    const auto type = http::parse_media_type(request.headers.get("Content-Type"));
    if (!type || type->essence() != "application/dicom") {
        co_return problem(request,
                          {ErrorCode::Unsupported, "an instance is taken as application/dicom"},
                          415);
    }
    const auto options = options_of(request);
    if (!options) {
        co_return problem(request, options.error());
    }
    const auto result = co_await import_body(context, request, *options);
    if (!result) {
        co_return problem(request, result.error());
    }
    if (result->outcome == ingest::Outcome::Rejected) {
        co_return rejection(request, *result);
    }
    Response response = acceptance(*context, request, *result);
    AuditNote note;
    note.stored(result->study_instance_uid, result->series_instance_uid);
    response.context = std::move(note);
    co_return response;
}

}  // namespace

void add_instance_routes(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Post,
                .pattern = "/v1/instances",
                .name = "instances.add",
                .right = right(auth::Right::Store, audit::Action::Store),
                .handler = handler(context, add_instance),
                .body_max = context->options.store_body_max_bytes});
}

}  // namespace larmor::api
