#include <charconv>

#include "api/access.h"
#include "api/audited.h"
#include "api/handler.h"
#include "api/healthimaging/errors.h"
#include "api/healthimaging/import_request.h"
#include "api/healthimaging/routes.h"
#include "api/healthimaging/service_json.h"
#include "api/healthimaging/service_request.h"
#include "ingest/manifest_parameters.h"
#include "jobs/dispatch.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;
using jobs::Job;
using jobs::JobId;
using jobs::JobState;

constexpr std::string_view kKind = "dicom-import";
constexpr std::uint64_t kImportBodyMaxBytes = 16 * 1024;

std::string_view status_of_job(JobState state) {
    switch (state) {
        case JobState::Queued:
            return "SUBMITTED";
        case JobState::Running:
            return "IN_PROGRESS";
        case JobState::Succeeded:
            return "COMPLETED";
        case JobState::Failed:
        case JobState::Cancelled:
            return "FAILED";
    }
    return "FAILED";
}

/// What a job shows of itself, and where it is shown alone also its places.
enum class Places : std::uint8_t { Leave, Show };
Result<std::string> job_json(const Job& job, Places places) {
    TRY(const auto parameters, ingest::parse_manifest_parameters(job.parameters));
    ServiceObject object;
    object.text("jobId", ingest::service_job_id(to_int64(job.id)))
        .text("jobName", parameters.job_name)
        .text("jobStatus", status_of_job(job.state))
        .text("datastoreId", parameters.datastore_id)
        .text("dataAccessRoleArn", parameters.data_access_role_arn)
        .time("submittedAt", job.created_at);
    if (job.ended_at) object.time("endedAt", *job.ended_at);
    if (places == Places::Show) {
        object.text("inputS3Uri", parameters.input_uri)
            .text("outputS3Uri", parameters.output_uri);
    }
    if (job.error) object.text("message", job.error->message);
    if (job.state == JobState::Cancelled) object.text("message", "the job was cancelled");
    return object.take();
}

Response import_answer(std::string json, JobId id) {
    Response response = service_answer(std::move(json));
    AuditNote note;
    note.subjects.emplace_back().object = std::to_string(to_int64(id));
    response.context = std::move(note);
    return response;
}

Task<Result<jobs::NewJob>> read_new_job(ContextPtr context, const Request& request) {
    CO_TRY(const auto body, co_await service_body(request));
    CO_TRY(const auto start,
           parse_import_request(body, context->services.catalog.datastore_id()));
    jobs::NewJob job;
    job.kind = kKind;
    job.parameters = to_json(start.parameters);
    job.created_by = principal_of(request)->id;
    if (!start.client_token.empty())
        job.idempotency_key = "healthimaging " + start.client_token;
    const auto kind = context->services.jobs.kinds.find(job.kind);
    LARMOR_CHECK(kind != context->services.jobs.kinds.end());
    CO_TRY_VOID(co_await context->read(
        [&](db::Snapshot& snapshot) { return kind->second->check(snapshot, job.parameters); }));
    co_return job;
}

Task<Response> start_import_job(ContextPtr context, Request request) {
    if (const auto is_ours = check_datastore(*context, request); !is_ours) {
        co_return service_error(request, is_ours.error());
    }
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return service_error(request, allowed.error());
    }
    const auto wanted = co_await read_new_job(context, request);
    if (!wanted) {
        co_return service_error(request, wanted.error());
    }
    const auto created = co_await services.database.write([&](db::Transaction& tx) {
        return jobs::dispatch(tx, services.jobs.jobs, services.jobs.queue, *wanted);
    });
    if (!created) {
        co_return service_error(request, created.error());
    }
    const Job& job = created->job;
    co_return import_answer(ServiceObject()
                                .text("datastoreId", services.catalog.datastore_id())
                                .text("jobId", ingest::service_job_id(to_int64(job.id)))
                                .text("jobStatus", status_of_job(job.state))
                                .time("submittedAt", job.created_at)
                                .take(),
                            job.id);
}

Result<Job> find_import_job(db::Snapshot& snapshot, const std::string& id) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), number);
    const bool is_number = error == std::errc() && end == id.data() + id.size();
    auto job = is_number ? jobs::Jobs::find(snapshot, JobId(number))
                         : Result<Job>(fail(ErrorCode::NotFound, "there is no such job"));
    if (job && job->kind != kKind) return fail(ErrorCode::NotFound, "there is no such job");
    return job;
}

Task<Response> get_import_job(ContextPtr context, Request request) {
    if (const auto is_ours = check_datastore(*context, request); !is_ours) {
        co_return service_error(request, is_ours.error());
    }
    const auto job = co_await context->read([&](db::Snapshot& snapshot) {
        return find_import_job(snapshot, request.path_parameter("job"));
    });
    if (!job) {
        co_return service_error(request, job.error());
    }
    const auto json = job_json(*job, Places::Show);
    if (!json) {
        co_return service_error(request, json.error());
    }
    co_return import_answer(ServiceObject().json("jobProperties", *json).take(), job->id);
}

struct ImportList {
    ServicePage page;
    std::optional<std::int64_t> before;
    std::string_view status;  ///< empty: any
};
Result<ImportList> read_import_list(const Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    ImportList list;
    TRY(list.page, page_in(query));
    TRY(list.before, number_of_token(list.page));
    const auto status = query.find("jobStatus");
    if (!status) return list;
    for (const auto state : {JobState::Queued, JobState::Running, JobState::Succeeded,
                             JobState::Failed, JobState::Cancelled}) {
        if (*status == status_of_job(state)) list.status = status_of_job(state);
    }
    if (list.status.empty())
        return fail(ErrorCode::InvalidInput, "jobStatus is none that there is");
    return list;
}

/// Newest first; one more than the page, where there is one. FAILED are two of our states, so
/// that they are picked out of all.
Result<std::vector<Job>> list_import_jobs(db::Snapshot& snapshot, const ImportList& list) {
    std::vector<Job> found;
    std::optional<JobId> before;
    if (list.before) before = JobId(*list.before);
    for (;;) {
        TRY(auto jobs, jobs::Jobs::list(snapshot, {.kind = std::string(kKind)}, before,
                                        jobs::limits::kPage));
        for (auto& job : jobs) {
            before = job.id;
            if (!list.status.empty() && status_of_job(job.state) != list.status) continue;
            found.push_back(std::move(job));
            if (found.size() > list.page.limit) return found;
        }
        if (jobs.size() < jobs::limits::kPage) return found;
    }
}

Result<std::string> import_jobs_json(const std::vector<Job>& jobs, std::size_t limit) {
    ServiceList summaries;
    for (std::size_t i = 0; i < std::min(jobs.size(), limit); ++i) {
        TRY(const auto json, job_json(jobs[i], Places::Leave));
        summaries.add(json);
    }
    ServiceObject object;
    object.json("jobSummaries", summaries.take());
    if (jobs.size() > limit) {
        object.text("nextToken", std::to_string(to_int64(jobs[limit - 1].id)));
    }
    return object.take();
}

Task<Response> list_import_jobs_page(ContextPtr context, Request request) {
    if (const auto is_ours = check_datastore(*context, request); !is_ours) {
        co_return service_error(request, is_ours.error());
    }
    const auto list = read_import_list(request);
    if (!list) {
        co_return service_error(request, list.error());
    }
    const auto json =
        co_await context->read([&](db::Snapshot& snapshot) -> Result<std::string> {
            TRY(const auto jobs, list_import_jobs(snapshot, *list));
            return import_jobs_json(jobs, list->page.limit);
        });
    if (!json) {
        co_return service_error(request, json.error());
    }
    co_return service_answer(*json);
}

}  // namespace

void add_service_import_routes(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Post,
                .pattern = "/healthimaging/startDICOMImportJob/datastore/{datastore}",
                .name = "healthimaging.start_dicom_import_job",
                .right = right(auth::Right::Administer, audit::Action::JobChange),
                .handler = handler(context, start_import_job),
                .body_max = kImportBodyMaxBytes});
    router.add({.method = http::Method::Get,
                .pattern = "/healthimaging/getDICOMImportJob/datastore/{datastore}/job/{job}",
                .name = "healthimaging.get_dicom_import_job",
                .right = right(auth::Right::Administer, audit::Action::None),
                .handler = handler(context, get_import_job)});
    router.add({.method = http::Method::Get,
                .pattern = "/healthimaging/listDICOMImportJobs/datastore/{datastore}",
                .name = "healthimaging.list_dicom_import_jobs",
                .right = right(auth::Right::Administer, audit::Action::None),
                .handler = handler(context, list_import_jobs_page)});
}

}  // namespace larmor::api
