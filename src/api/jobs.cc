#include "api/jobs.h"

#include "api/access.h"
#include "api/audited.h"
#include "api/handler.h"
#include "api/job_json.h"
#include "api/job_stream.h"
#include "api/json_request.h"
#include "api/list_query.h"
#include "api/problem.h"
#include "base/json_text.h"
#include "http/conditional.h"
#include "http/query.h"
#include "jobs/dispatch.h"
#include "observe/log.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;
using jobs::Job;
using jobs::JobId;

constexpr std::size_t kJobsListed = 100;
constexpr std::uint64_t kJobBodyMax = jobs::limits::kJsonBytes + 1024;
constexpr std::int64_t kWaitMax = 60;  ///< seconds

/// Errors: NotFound for what is no number: there is no such job.
Result<JobId> job_in(const Request& request) {
    const std::string& text = request.path_parameter("job");
    const auto number = parse_number("job", text);
    if (!number) return fail(ErrorCode::NotFound, "there is no such job");
    return JobId(*number);
}

std::string etag_of_job(const Job& job) {
    return http::etag_of(std::to_string(job.version));
}

AuditNote note_of_job(JobId id) {
    AuditNote note;
    note.subjects.emplace_back().object = std::to_string(to_int64(id));
    return note;
}

Response job_response(const Job& job, int status) {
    std::string json;
    append_job_json(json, job);
    Response response = private_json(std::move(json), status);
    response.headers.add("ETag", etag_of_job(job));
    if (!has_ended(job.state)) response.headers.add("Retry-After", "1");
    response.context = note_of_job(job.id);
    return response;
}

/// What is wrong with it before it is made; read on the pool.
Result<void> check_new_job(const Context& context, db::Snapshot& snapshot,
                           const jobs::NewJob& job) {
    const auto& kinds = context.services.jobs.kinds;
    const auto kind = kinds.find(job.kind);
    if (kind != kinds.end()) return kind->second->check(snapshot, job.parameters);
    std::string names;
    for (const auto& [name, known] : kinds) names += (names.empty() ? "" : ", ") + name;
    return fail(ErrorCode::InvalidInput, "the kind of a job is one of " + names);
}

Task<Response> create_job(ContextPtr context, Request request) {
    auto body = co_await read_json_body(request, kJobBodyMax);
    if (!body) {
        co_return std::move(body).error();
    }
    auto wanted = parse_job_request(*body);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    wanted->created_by = principal_of(request)->id;
    wanted->idempotency_key = request.headers.get("Idempotency-Key");
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    const auto checked = co_await context->read(
        [&](db::Snapshot& snapshot) { return check_new_job(*context, snapshot, *wanted); });
    if (!checked) {
        const bool is_gone = checked.error().code == ErrorCode::NotFound;
        co_return problem(request, checked.error(), is_gone ? 410 : 0);
    }
    const auto created = co_await services.database.write([&](db::Transaction& tx) {
        return jobs::dispatch(tx, services.jobs.jobs, services.jobs.queue, *wanted);
    });
    if (!created) {
        co_return problem(request, created.error());
    }
    const std::string id = std::to_string(to_int64(created->job.id));
    observe::log_info("job created", {{"request_id", request.id},
                                      {"job", id},
                                      {"kind", created->job.kind},
                                      {"new", created->is_new},
                                      {"by", wanted->created_by}});
    Response response = job_response(created->job, 202);
    response.headers.add("Location", "/v1/jobs/" + id);
    co_return response;
}

struct ListRequest {
    jobs::JobFilter filter;
    std::optional<JobId> before{};
    std::size_t limit = 0;
};

/// Errors: InvalidInput.
Result<ListRequest> parse_list_request(const Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    ListRequest wanted;
    if (const auto state = query.find("state")) {
        TRY(wanted.filter.state, jobs::parse_job_state(*state));
    }
    wanted.filter.kind = query.find("kind").value_or("");
    wanted.filter.created_by = query.find("created_by").value_or("");
    TRY(const auto before, number_in(query, "before"));
    if (before) wanted.before = JobId(*before);
    TRY(wanted.limit, limit_in(query, kJobsListed, jobs::limits::kPage));
    return wanted;
}

Task<Response> list_jobs(ContextPtr context, Request request) {
    const auto wanted = parse_list_request(request);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    const auto listed = co_await context->read([&](db::Snapshot& snapshot) {
        return jobs::Jobs::list(snapshot, wanted->filter, wanted->before, wanted->limit);
    });
    if (!listed) {
        co_return problem(request, listed.error());
    }
    std::string json = R"({"jobs":[)";
    for (const Job& job : *listed) {
        json += json.back() == '[' ? "" : ",";
        append_job_json(json, job);
    }
    json += R"(],"next":)";
    json += listed->size() < wanted->limit
                ? "null"
                : to_json_string(std::to_string(to_int64(listed->back().id)));
    json += '}';
    co_return private_json(std::move(json));
}

/// Seconds of `Prefer: wait=10`; nothing without it or with more than one may wait. Source:
/// RFC 7240 section 4.3.
std::optional<std::chrono::seconds> preferred_wait(const Request& request) {
    const std::string fields = request.headers.joined("Prefer");
    std::string_view rest = fields;
    while (!rest.empty()) {
        const auto end = std::min(rest.find(','), rest.size());
        const std::string_view preference = http::trim(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (!preference.starts_with("wait=")) continue;
        const auto number = parse_number("wait", preference.substr(5));
        if (number) return std::chrono::seconds(std::min(*number, kWaitMax));
    }
    return std::nullopt;
}

Task<Result<Job>> find_job(ContextPtr context, JobId id) {
    co_return co_await context->read(
        [&](db::Snapshot& snapshot) { return jobs::Jobs::find(snapshot, id); });
}

/// The job as soon as it is another one than the client has, or has ended; as it is when the
/// time is over.
Task<Result<Job>> wait_for_change(ContextPtr context, Request* request, JobId id,
                                  std::chrono::seconds wait) {
    const auto deadline = async::Deadline::after(wait);
    auto listener = context->services.jobs.bell.listen(to_int64(id));
    auto job = co_await find_job(context, id);
    const std::string known(request->headers.get("If-None-Match"));
    const std::string first = job ? etag_of_job(*job) : "";
    while (job && !has_ended(job->state) && listener) {
        const std::string now = etag_of_job(*job);
        if (known.empty() ? now != first : !http::etag_matches_weakly(known, now)) break;
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline.remaining());
        if (left.count() <= 0 || request->stop.cancelled()) break;
        const auto woken = co_await listener->wait(std::min(left, kJobLookEvery));
        if (woken.is_closed) break;
        job = co_await find_job(context, id);
    }
    co_return job;
}

Task<Response> get_job(ContextPtr context, Request request) {
    const auto id = job_in(request);
    if (!id) {
        co_return problem(request, id.error());
    }
    const auto wait = preferred_wait(request);
    const auto job = co_await wait_for_change(context, &request, *id,
                                              wait.value_or(std::chrono::seconds(0)));
    if (!job) {
        co_return problem(request, job.error());
    }
    Response response = job_response(*job, 200);
    if (wait) {
        response.headers.add("Preference-Applied", "wait=" + std::to_string(wait->count()));
    }
    co_return http::with_conditions(request.method, request.headers, std::move(response));
}

struct Page {
    std::int64_t after = 0;
    std::size_t limit = 0;
};

Result<Page> parse_page(const Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    TRY(const auto after, number_in(query, "after"));
    TRY(const auto limit, limit_in(query, jobs::limits::kPage, jobs::limits::kPage));
    return Page{after.value_or(0), limit};
}

Task<Response> list_errors(ContextPtr context, Request request) {
    const auto id = job_in(request);
    const auto page = parse_page(request);
    if (!id || !page) {
        co_return problem(request, id ? page.error() : id.error());
    }
    using Errors = std::vector<jobs::ItemError>;
    const auto errors = co_await context->read([&](db::Snapshot& snapshot) -> Result<Errors> {
        TRY_VOID(jobs::Jobs::find(snapshot, *id));
        return jobs::Jobs::errors(snapshot, *id, page->after, page->limit);
    });
    if (!errors) {
        co_return problem(request, errors.error());
    }
    Response response = private_json(errors_json(*errors, page->after));
    response.context = note_of_job(*id);
    co_return response;
}

/// One part of it; that there is a next one says Larmor-Next, its number.
Task<Response> get_report(ContextPtr context, Request request) {
    const auto id = job_in(request);
    const auto page = parse_page(request);
    if (!id || !page) {
        co_return problem(request, id ? page.error() : id.error());
    }
    using Part = std::optional<jobs::ReportPart>;
    auto part = co_await context->read([&](db::Snapshot& snapshot) -> Result<Part> {
        TRY_VOID(jobs::Jobs::find(snapshot, *id));
        return jobs::Jobs::report(snapshot, *id, page->after);
    });
    if (!part) {
        co_return problem(request, part.error());
    }
    if (!*part) co_return Response(204);
    Response response(200, "application/x-ndjson", std::move((*part)->lines));
    response.headers.add("Cache-Control", "no-store");
    response.headers.add("Larmor-Next", std::to_string((*part)->number));
    response.context = note_of_job(*id);
    co_return response;
}

Task<Response> follow_job(ContextPtr context, Request request) {
    const auto id = job_in(request);
    if (!id) {
        co_return problem(request, id.error());
    }
    auto listener = context->services.jobs.bell.listen(to_int64(*id));
    if (!listener) {
        const Error full{ErrorCode::Unavailable, "too many clients follow jobs"};
        co_return problem(request, full);
    }
    const auto job = co_await find_job(context, *id);
    if (!job) {
        co_return problem(request, job.error());
    }
    Response response(200, "text/event-stream", std::string(JobStream::kOpening));
    response.headers.add("Cache-Control", "no-store");
    auto stream = std::make_unique<JobStream>(context, *std::move(listener), *id, request.stop);
    response.generator = [stream = std::move(stream)] { return stream->next(); };
    co_return response;
}

Task<Response> cancel_job(ContextPtr context, Request request) {
    const auto id = job_in(request);
    if (!id) {
        co_return problem(request, id.error());
    }
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    const auto job = co_await services.database.write(
        [&](db::Transaction& tx) { return services.jobs.jobs.cancel(tx, *id); });
    if (!job) {
        co_return problem(request, job.error());
    }
    observe::log_info("job cancelled", {{"request_id", request.id},
                                        {"job", to_int64(*id)},
                                        {"by", principal_of(request)->id}});
    co_return job_response(*job, 202);
}

Task<Response> delete_job(ContextPtr context, Request request) {
    const auto id = job_in(request);
    if (!id) {
        co_return problem(request, id.error());
    }
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    const auto removed = co_await services.database.write(
        [&](db::Transaction& tx) { return services.jobs.jobs.remove(tx, *id); });
    if (!removed) {
        co_return problem(request, removed.error());
    }
    Response response(204);
    response.context = note_of_job(*id);
    co_return response;
}

}  // namespace

void add_job_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](http::Method method, std::string pattern, std::string name,
                         audit::Action act, http::Handler handler) {
        router.add({.method = method,
                    .pattern = std::move(pattern),
                    .name = std::move(name),
                    .right = right(auth::Right::Administer, act),
                    .handler = std::move(handler),
                    .body_max = kJobBodyMax});
    };
    const auto none = audit::Action::None;
    const auto change = audit::Action::JobChange;
    add(http::Method::Post, "/v1/jobs", "jobs.create", change, handler(context, create_job));
    add(http::Method::Get, "/v1/jobs", "jobs.list", none, handler(context, list_jobs));
    add(http::Method::Get, "/v1/jobs/{job}", "jobs.show", none, handler(context, get_job));
    add(http::Method::Delete, "/v1/jobs/{job}", "jobs.delete", change,
        handler(context, delete_job));
    add(http::Method::Post, "/v1/jobs/{job}/cancel", "jobs.cancel", change,
        handler(context, cancel_job));
    // Items are files, named as somebody liked, and the UIDs in them.
    const auto items = audit::Action::Query;
    add(http::Method::Get, "/v1/jobs/{job}/errors", "jobs.errors", items,
        handler(context, list_errors));
    add(http::Method::Get, "/v1/jobs/{job}/report", "jobs.report", items,
        handler(context, get_report));
    add(http::Method::Get, "/v1/jobs/{job}/events", "jobs.events", none,
        handler(context, follow_job));
}

}  // namespace larmor::api
