#include "api/audited.h"

#include <algorithm>

#include "api/access.h"
#include "api/dicomweb/routes.h"
#include "api/dicomweb/uri_query.h"
#include "api/healthimaging/errors.h"
#include "audit/query_text.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

/// Of one STOW-RS request.
constexpr std::size_t kSubjectsMax = 1000;
/// How far back the series of an instance is looked for: they come in order, or nearly so.
constexpr std::size_t kSeriesAtOnce = 8;

std::string_view via_of(auth::Via via) {
    switch (via) {
        case auth::Via::Token:
            return "token";
        case auth::Via::Session:
            return "session";
        case auth::Via::AccessKey:
            return "access-key";
        case auth::Via::Nothing:
            return "nothing";
    }
    return "unknown";
}

audit::Outcome outcome_of(int status) {
    if (status < 400) return audit::Outcome::Success;
    return status < 500 ? audit::Outcome::Refused : audit::Outcome::Failed;
}

audit::Entry entry_of(const Request& request) {
    audit::Entry entry;
    entry.action = action_of(*request.route);
    entry.route = request.route->name;
    entry.request_id = request.id;
    entry.actor.address = request.peer;
    return entry;
}

audit::Subject subject_of(const Request& request, audit::Action action) {
    audit::Subject subject;
    for (const auto& [name, value] : request.path_parameters) {
        if (name == "study") {
            subject.study = value;
        } else if (name == "series") {
            subject.series = value;
        } else if (name == "instance") {
            subject.instance = value;
        } else if (name == "token" || name == "accessKey" || name == "queue") {
            subject.object = value;
        }
    }
    if (request.route->name == kUriRouteName) {
        if (const auto query = http::parse_query(request.query)) {
            auto named = named_by_uri_query(*query);
            subject.study = std::move(named.study);
            subject.series = std::move(named.series);
            subject.instance = std::move(named.instance);
        }
    }
    if (action == audit::Action::Query) {
        const auto query = http::parse_query(request.query);
        subject.query = query ? query_for_record(*query) : "(can't be read)";
    }
    return subject;
}

/// Whose study it is; empty where that can't be found out.
Task<std::string> find_patient_id(ContextPtr context, std::string study_uid) {
    const auto study = co_await context->read([&](db::Snapshot& snapshot) {
        return context->services.catalog.find_study(snapshot, study_uid);
    });
    co_return study ? study->patient.patient_id : std::string();
}

/// Durable when it ends well.
Task<Result<void>> put_on_record(ContextPtr context, audit::Entry entry) {
    auto& log = context->services.audit;
    if (log.count(entry)) co_return Result<void>{};
    if (!entry.subject.study.empty() && entry.subject.patient_id.empty()) {
        entry.subject.patient_id = co_await find_patient_id(context, entry.subject.study);
    }
    co_return co_await log.record(std::move(entry));
}

Task<Result<void>> put_all_on_record(ContextPtr context, audit::Entry entry, AuditNote note) {
    if (note.actor) entry.actor = *std::move(note.actor);
    if (!note.detail.empty()) entry.detail = std::move(note.detail);
    if (note.subjects.empty()) co_return co_await put_on_record(context, std::move(entry));
    for (auto& subject : note.subjects) {
        entry.subject = std::move(subject);
        CO_TRY_VOID(co_await put_on_record(context, entry));
    }
    co_return Result<void>{};
}

Response not_on_record(const Request& request, const Error& error) {
    return failure(request,
                   {ErrorCode::Unavailable,
                    "the audit trail can't be written, so nothing is shown or changed (" +
                        error.message + ")"});
}

bool changes_something(audit::Action action) {
    switch (action) {
        case audit::Action::Store:
        case audit::Action::Delete:
        case audit::Action::Edit:
        case audit::Action::TokenCreate:
        case audit::Action::TokenRevoke:
        case audit::Action::QueueChange:
        case audit::Action::QueueUse:
        case audit::Action::RuleChange:
        case audit::Action::JobChange:
            return true;
        default:
            return false;
    }
}

Task<Response> audited(ContextPtr context, Request request, http::Next next) {
    auto& log = context->services.audit;
    audit::Entry entry = entry_of(request);
    if (const auto* principal = principal_of(request)) {
        entry.actor = actor_of(*principal, request.peer);
    }
    entry.subject = subject_of(request, entry.action);
    Request about;  // what a problem document says of the request
    about.id = request.id;
    about.route = request.route;
    if (const auto writable = log.check_writable();
        !writable && changes_something(entry.action)) {
        co_return not_on_record(about, writable.error());
    }
    Response response = co_await next(std::move(request));
    entry.outcome = outcome_of(response.status);
    if (entry.outcome != audit::Outcome::Success) {
        entry.detail = "status " + std::to_string(response.status);
        log.note(std::move(entry));
        co_return response;
    }
    AuditNote note;
    if (auto* told = std::any_cast<AuditNote>(&response.context)) note = std::move(*told);
    const auto recorded =
        co_await put_all_on_record(context, std::move(entry), std::move(note));
    if (!recorded) co_return not_on_record(about, recorded.error());
    co_return response;
}

}  // namespace

void AuditNote::stored(std::string_view study, std::string_view series) {
    const auto back = std::min(subjects.size(), kSeriesAtOnce);
    const auto known = std::find_if(
        subjects.rbegin(), subjects.rbegin() + static_cast<std::ptrdiff_t>(back),
        [&](const auto& one) { return one.study == study && one.series == series; });
    if (known != subjects.rbegin() + static_cast<std::ptrdiff_t>(back)) {
        ++known->instances;
        return;
    }
    if (subjects.size() == kSubjectsMax) {
        ++subjects.back().instances;
        return;
    }
    audit::Subject subject;
    if (subjects.size() + 1 < kSubjectsMax) {
        subject.study = study;
        subject.series = series;
    }
    subject.instances = 1;
    subjects.push_back(std::move(subject));
}

Task<Response> with_audit(ContextPtr context, Request request, http::Next next) {
    if (request.route == nullptr || action_of(*request.route) == audit::Action::None) {
        return next(std::move(request));
    }
    return audited(std::move(context), std::move(request), std::move(next));
}

void note_refusal(const Context& context, const Request& request,
                  const auth::Principal* principal) {
    audit::Entry entry = entry_of(request);
    entry.outcome = audit::Outcome::Refused;
    if (entry.action == audit::Action::None) entry.action = audit::Action::SignIn;
    if (principal != nullptr) {
        entry.actor = actor_of(*principal, request.peer);
        entry.subject = subject_of(request, entry.action);
        entry.detail = "the role does not have the right";
    } else {
        // Nothing that the stranger chose goes into the record: the trail must not fill up with
        // it.
        entry.request_id.clear();
        entry.detail = "no valid credentials";
    }
    context.services.audit.note(std::move(entry));
}

void note_no_room(const Context& context, const Request& request,
                  const auth::Principal& principal) {
    audit::Entry entry = entry_of(request);
    entry.outcome = audit::Outcome::Failed;
    entry.actor = actor_of(principal, request.peer);
    entry.subject = subject_of(request, entry.action);
    entry.detail = "no room, or read-only";
    context.services.audit.note(std::move(entry));
}

audit::Actor actor_of(const auth::Principal& principal, std::string_view address) {
    return {.id = principal.id,
            .name = principal.name,
            .role = std::string(auth::name_of(principal.role)),
            .via = std::string(via_of(principal.via)),
            .address = std::string(address)};
}

std::string query_for_record(const http::Query& query) {
    std::string text;
    for (const auto& [name, value] : query.parameters) {
        audit::append_query_key(text, name, value);
    }
    return text;
}

}  // namespace larmor::api
