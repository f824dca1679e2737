#include "api/queues.h"

#include <functional>

#include "api/access.h"
#include "api/handler.h"
#include "api/json_request.h"
#include "api/list_query.h"
#include "api/problem.h"
#include "api/queue_acts.h"
#include "api/queue_json.h"
#include "http/query.h"
#include "observe/log.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

/// A redrive of the most ids that one takes.
constexpr std::uint64_t kQueueBodyMax = 64 * 1024;

Task<Response> list_queues(ContextPtr context, Request request) {
    auto json =
        co_await context->work([&] { return json_of_queues(context->services.queues); });
    if (!json) {
        co_return problem(request, json.error());
    }
    co_return private_json(*std::move(json));
}

Task<Response> get_queue(ContextPtr context, Request request) {
    const std::string& name = request.path_parameter("queue");
    auto json =
        co_await context->work([&] { return json_of_queue(context->services.queues, name); });
    if (!json) {
        co_return problem(request, json.error());
    }
    co_return private_json(*std::move(json));
}

Task<Response> put_queue_settings(ContextPtr context, Request request) {
    auto body = co_await read_json_body(request, kQueueBodyMax);
    if (!body) {
        co_return std::move(body).error();
    }
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    const std::string& name = request.path_parameter("queue");
    auto put = co_await context->work([&] { return put_queue(services.queues, name, *body); });
    if (!put) {
        co_return problem(request, put.error());
    }
    observe::log_info(
        put->is_new ? "queue made" : "queue changed",
        {{"request_id", request.id}, {"queue", name}, {"by", principal_of(request)->id}});
    co_return private_json(std::move(put->json), put->is_new ? 201 : 200);
}

/// Errors: InvalidInput.
Result<LetterPage> parse_letter_page(std::string_view query_text) {
    TRY(const auto query, http::parse_query(query_text));
    LetterPage page;
    if (const auto after = query.find("after")) {
        TRY(page.after, parse_message_id(*after));
    }
    TRY(page.limit, limit_in(query, page.limit, kLettersListedMax));
    return page;
}

Task<Response> list_dead_letters(ContextPtr context, Request request) {
    const auto page = parse_letter_page(request.query);
    if (!page) {
        co_return problem(request, page.error());
    }
    const std::string& name = request.path_parameter("queue");
    auto json = co_await context->work(
        [&] { return json_of_dead_letters(context->services.queues, name, *page); });
    if (!json) {
        co_return problem(request, json.error());
    }
    co_return private_json(*std::move(json));
}

Task<Response> get_dead_letter(ContextPtr context, Request request) {
    const auto id = parse_message_id(request.path_parameter("letter"));
    if (!id) {
        co_return problem(request, id.error());
    }
    const std::string& name = request.path_parameter("queue");
    auto json = co_await context->work(
        [&] { return json_of_dead_letter(context->services.queues, name, *id); });
    if (!json) {
        co_return problem(request, json.error());
    }
    co_return private_json(*std::move(json));
}

/// On the pool: the queue's name and the body.
using ChangeMessages =
    std::function<Result<std::int64_t>(const std::string&, std::string_view)>;

/// Answers `{"<member>":<how many>}`.
Task<Response> change_messages(ContextPtr context, Request request, ChangeMessages change,
                               std::string_view member) {
    auto body = co_await read_json_body(request, kQueueBodyMax);
    if (!body) {
        co_return std::move(body).error();
    }
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    const std::string& name = request.path_parameter("queue");
    // Behind whoever waits for a picture: it may touch many rows.
    const auto count = co_await services.pool.run(async::Priority::Normal,
                                                  [&] { return change(name, *body); });
    if (!count) {
        co_return problem(request, count.error());
    }
    observe::log_info("messages of a queue changed", {{"request_id", request.id},
                                                      {"queue", name},
                                                      {"what", member},
                                                      {"messages", *count},
                                                      {"by", principal_of(request)->id}});
    co_return private_json("{\"" + std::string(member) + "\":" + std::to_string(*count) + '}');
}

Task<Response> redrive(ContextPtr context, Request request) {
    const auto& services = context->services;
    ChangeMessages change = [&](const std::string& name, std::string_view body) {
        return redrive_letters(services.database, services.queues, name, body);
    };
    return change_messages(std::move(context), std::move(request), std::move(change),
                           "redriven");
}

Task<Response> purge(ContextPtr context, Request request) {
    const auto& services = context->services;
    ChangeMessages change = [&](const std::string& name, std::string_view body) {
        return purge_queue(services.queues, name, body);
    };
    return change_messages(std::move(context), std::move(request), std::move(change),
                           "removed");
}

}  // namespace

void add_queue_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](http::Method method, std::string pattern, std::string name,
                         auth::Right needed, audit::Action act, http::Handler handler) {
        router.add({.method = method,
                    .pattern = "/v1/queues" + std::move(pattern),
                    .name = "queues." + std::move(name),
                    .right = right(needed, act),
                    .handler = std::move(handler),
                    .body_max = kQueueBodyMax});
    };
    using enum http::Method;
    using auth::Right;
    // Counts and settings say nothing of a patient; a body might, and what an error quotes.
    add(Get, "", "list", Right::Observe, audit::Action::None, handler(context, list_queues));
    add(Get, "/{queue}", "show", Right::Observe, audit::Action::None,
        handler(context, get_queue));
    add(Put, "/{queue}", "put", Right::Administer, audit::Action::QueueChange,
        handler(context, put_queue_settings));
    add(Get, "/{queue}/dead-letters", "list_dead_letters", Right::Administer,
        audit::Action::QueueUse, handler(context, list_dead_letters));
    add(Get, "/{queue}/dead-letters/{letter}", "show_dead_letter", Right::Administer,
        audit::Action::QueueUse, handler(context, get_dead_letter));
    add(Post, "/{queue}/redrive", "redrive", Right::Administer, audit::Action::QueueChange,
        handler(context, redrive));
    add(Post, "/{queue}/purge", "purge", Right::Administer, audit::Action::QueueChange,
        handler(context, purge));
}

}  // namespace larmor::api
