#include "api/events.h"

#include "api/access.h"
#include "api/event_stream.h"
#include "api/handler.h"
#include "api/problem.h"
#include "events/inbox.h"
#include "events/webhook_signature.h"
#include "http/media_type.h"
#include "http/query.h"
#include "observe/log.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

/// Where a client wants to go on: at most one of them.
struct Start {
    std::optional<events::Position> after;
    std::optional<Time> since;
};

Result<Start> parse_start(const Request& request) {
    TRY(const auto query, http::parse_query(request.query));
    Start start;
    // Sent by browsers that come back: newer than what the address says.
    const auto last = request.headers.get("Last-Event-ID");
    if (!last.empty()) {
        TRY(start.after, events::parse_position(last));
    } else if (const auto after = query.find("after")) {
        TRY(start.after, events::parse_position(*after));
    } else if (const auto since = query.find("since")) {
        TRY(start.since, parse_utc_time(*since));
    }
    return start;
}

/// Errors: NotFound as events::read_events.
Result<events::Position> find_start(db::Snapshot& snapshot, const Start& start) {
    if (start.since) return events::position_at(snapshot, *start.since);
    if (!start.after) return events::newest_position(snapshot);
    TRY_VOID(events::read_events(snapshot, *start.after, 1));
    return *start.after;
}

Task<Response> stream_events(ContextPtr context, Request request) {
    const auto wanted = parse_start(request);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    const auto start = co_await context->read(
        [&](db::Snapshot& snapshot) { return find_start(snapshot, *wanted); });
    if (!start) {
        const bool is_gone = start.error().code == ErrorCode::NotFound;
        co_return problem(request, start.error(), is_gone ? 410 : 0);
    }
    auto listener = context->services.event_bell.listen();
    if (!listener) {
        const Error full{ErrorCode::Unavailable, "too many clients follow the events"};
        co_return problem(request, full);
    }
    Response response(200, "text/event-stream", std::string(EventStream::kOpening));
    response.headers.add("Cache-Control", "no-store");
    auto stream =
        std::make_unique<EventStream>(context, *std::move(listener), *start, request.stop);
    response.generator = [stream = std::move(stream)] { return stream->next(); };
    co_return response;
}

Result<void> check_is_cloud_event(const Request& request) {
    const auto type = http::parse_media_type(request.headers.get("Content-Type"));
    if (type && (type->essence() == "application/cloudevents+json" ||
                 type->essence() == "application/json")) {
        return {};
    }
    return fail(ErrorCode::InvalidInput, "the body must be application/cloudevents+json");
}

/// Errors: Unauthenticated, InvalidInput, LimitExceeded, NoSpace.
Result<events::IncomingEvent> take_in(const Context& context, const Request& request,
                                      std::string_view body) {
    const events::WebhookHeaders headers{.id = request.headers.get("webhook-id"),
                                         .timestamp = request.headers.get("webhook-timestamp"),
                                         .signature = request.headers.get("webhook-signature")};
    const auto secrets = context.options.event_secrets->get();
    TRY_VOID(events::check_webhook(headers, body, *secrets, context.services.clock.now()));
    TRY(auto event, events::parse_cloud_event(body));
    TRY_VOID(context.services.admission.check(body.size()));
    return event;
}

Task<Response> receive_event(ContextPtr context, Request request) {
    if (const auto is_event = check_is_cloud_event(request); !is_event) {
        co_return problem(request, is_event.error(), 415);
    }
    const auto body_reader = http::body_of(request);
    const auto body = co_await http::read_whole_body(*body_reader, events::kCloudEventBytesMax);
    if (!body) {
        co_return problem(request, body.error());
    }
    const auto event = take_in(*context, request, *body);
    if (!event) {
        observe::log_warning("event refused", {{"request_id", request.id},
                                               {"peer", request.peer},
                                               {"reason", event.error().message}});
        co_return problem(request, event.error());
    }
    const auto accepted = co_await context->services.database.write([&](db::Transaction& tx) {
        return events::accept_event(tx, context->services.events, *event);
    });
    if (!accepted) {
        co_return problem(request, accepted.error());
    }
    std::string json = R"({"sequence":)" + std::to_string(accepted->sequence);
    json += R"(,"duplicate":)";
    json += accepted->is_duplicate ? "true}" : "false}";
    co_return private_json(std::move(json), accepted->is_duplicate ? 200 : 201);
}

}  // namespace

void add_event_routes(http::Router& router, const ContextPtr& context) {
    router.add({.method = http::Method::Get,
                .pattern = "/v1/events",
                .name = "events.stream",
                .right = right(auth::Right::Search, audit::Action::Query),
                .handler = handler(context, stream_events)});
    // Public to the gate: the signature says who sends.
    router.add({.method = http::Method::Post,
                .pattern = "/v1/events",
                .name = "events.receive",
                .right = right(auth::Right::Public, audit::Action::None),
                .handler = handler(context, receive_event),
                .body_max = events::kCloudEventBytesMax});
}

}  // namespace larmor::api
