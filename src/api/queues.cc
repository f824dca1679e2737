#include "api/queues.h"

#include <charconv>
#include <functional>

#include "api/access.h"
#include "api/handler.h"
#include "api/json_request.h"
#include "api/problem.h"
#include "api/queue_json.h"
#include "http/query.h"
#include "observe/log.h"
#include "routing/own_queues.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

constexpr std::size_t kLettersListed = 100;
constexpr std::size_t kLettersListedMax = 1000;
/// A redrive of the most ids that one takes.
constexpr std::uint64_t kQueueBodyMax = 64 * 1024;

/// Blocks.
Result<std::string> json_of(queue::Queue& queue) {
    TRY(const auto stats, queue.stats());
    std::string json;
    append_queue_json(json, queue, stats);
    return json;
}

Result<std::string> json_of_all(queue::Queues& queues) {
    TRY(const auto all, queues.list());
    std::string json = R"({"queues":[)";
    for (std::size_t i = 0; i < all.size(); ++i) {
        TRY(const auto one, json_of(*all[i]));
        json += i > 0 ? "," : "";
        json += one;
    }
    json += "]}";
    return json;
}

Task<Response> list_queues(ContextPtr context, Request request) {
    auto json = co_await context->work([&] { return json_of_all(context->services.queues); });
    if (!json) {
        co_return problem(request, json.error());
    }
    co_return private_json(*std::move(json));
}

Task<Response> get_queue(ContextPtr context, Request request) {
    const std::string& name = request.path_parameter("queue");
    auto json = co_await context->work([&]() -> Result<std::string> {
        TRY(queue::Queue* const queue, context->services.queues.open(name));
        return json_of(*queue);
    });
    if (!json) {
        co_return problem(request, json.error());
    }
    co_return private_json(*std::move(json));
}

struct PutQueue {
    std::string json;
    bool is_new = false;
};

/// Makes or changes it: what `body` does not say stays as it is. Blocks.
Result<PutQueue> put(queue::Queues& queues, const std::string& name, std::string_view body) {
    if (routing::is_own_queue(name)) {
        return fail(ErrorCode::Denied,
                    "the queue " + name + " is the program's own, which sets it itself");
    }
    const auto known = queues.open(name);
    if (known) {
        TRY(const auto settings, parse_queue_settings(body, (*known)->settings()));
        TRY_VOID(queues.update(name, settings));
        TRY(auto json, json_of(**known));
        return PutQueue{.json = std::move(json), .is_new = false};
    }
    if (known.error().code != ErrorCode::NotFound) return tl::unexpected(known.error());
    TRY(const auto settings, parse_queue_settings(body, {}));
    TRY(queue::Queue* const made, routing::open_or_make_queue(queues, name, settings));
    TRY(auto json, json_of(*made));
    return PutQueue{.json = std::move(json), .is_new = true};
}

Task<Response> put_queue(ContextPtr context, Request request) {
    auto body = co_await read_json_body(request, kQueueBodyMax);
    if (!body) {
        co_return std::move(body).error();
    }
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    const std::string& name = request.path_parameter("queue");
    auto queue = co_await context->work([&] { return put(services.queues, name, *body); });
    if (!queue) {
        co_return problem(request, queue.error());
    }
    observe::log_info(
        queue->is_new ? "queue made" : "queue changed",
        {{"request_id", request.id}, {"queue", name}, {"by", principal_of(request)->id}});
    co_return private_json(std::move(queue->json), queue->is_new ? 201 : 200);
}

struct LetterPage {
    queue::MessageId after{};
    std::size_t limit = kLettersListed;
};

/// Errors: InvalidInput.
Result<LetterPage> parse_letter_page(std::string_view query_text) {
    TRY(const auto query, http::parse_query(query_text));
    LetterPage page;
    if (const auto after = query.find("after")) {
        TRY(page.after, parse_message_id(*after));
    }
    if (const auto limit = query.find("limit")) {
        const auto end = limit->data() + limit->size();
        const auto read = std::from_chars(limit->data(), end, page.limit);
        if (read.ec != std::errc() || read.ptr != end || page.limit < 1 ||
            page.limit > kLettersListedMax) {
            return fail(ErrorCode::InvalidInput,
                        "limit is a number from 1 to " + std::to_string(kLettersListedMax));
        }
    }
    return page;
}

Task<Response> list_dead_letters(ContextPtr context, Request request) {
    const auto page = parse_letter_page(request.query);
    if (!page) {
        co_return problem(request, page.error());
    }
    const auto queue = co_await open_queue(context, request.path_parameter("queue"));
    if (!queue) {
        co_return problem(request, queue.error());
    }
    const auto letters = co_await context->work(
        [&] { return (*queue)->list_dead_letters(page->after, page->limit); });
    if (!letters) {
        co_return problem(request, letters.error());
    }
    std::string json = R"({"dead_letters":[)";
    for (std::size_t i = 0; i < letters->size(); ++i) {
        json += i > 0 ? "," : "";
        append_dead_letter_json(json, letters->at(i), {});
    }
    json += ']';
    if (letters->size() == page->limit) {
        json += R"(,"next":)";
        append_id(json, letters->back().id);
    }
    json += '}';
    co_return private_json(std::move(json));
}

/// With its body. Blocks. Errors: NotFound.
Result<std::string> json_of_dead_letter(queue::Queue& queue, queue::MessageId id) {
    TRY(const auto letters,
        queue.list_dead_letters(queue::MessageId(queue::to_int64(id) - 1), 1));
    if (letters.empty() || letters.front().id != id) {
        return fail(ErrorCode::NotFound, "the queue " + queue.name() + " has no dead letter " +
                                             std::to_string(queue::to_int64(id)));
    }
    TRY(const auto body, queue.read_body(id));
    std::string json;
    append_dead_letter_json(json, letters.front(), body);
    return json;
}

Task<Response> get_dead_letter(ContextPtr context, Request request) {
    const auto id = parse_message_id(request.path_parameter("letter"));
    if (!id) {
        co_return problem(request, id.error());
    }
    const auto queue = co_await open_queue(context, request.path_parameter("queue"));
    if (!queue) {
        co_return problem(request, queue.error());
    }
    auto json = co_await context->work([&] { return json_of_dead_letter(**queue, *id); });
    if (!json) {
        co_return problem(request, json.error());
    }
    co_return private_json(*std::move(json));
}

/// `change(queue)` on the pool, behind whoever waits for a picture: it may touch many rows.
/// Answers `{"<member>":<how many>}`.
Task<Response> change_messages(ContextPtr context, Request request, std::string_view member,
                               std::function<Result<std::int64_t>(queue::Queue&)> change) {
    const auto& services = context->services;
    if (const auto allowed = services.admission.allow_change(); !allowed) {
        co_return problem(request, allowed.error());
    }
    const std::string& name = request.path_parameter("queue");
    const auto queue = co_await open_queue(context, name);
    if (!queue) {
        co_return problem(request, queue.error());
    }
    const auto count =
        co_await services.pool.run(async::Priority::Normal, [&] { return change(**queue); });
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
    auto body = co_await read_json_body(request, kQueueBodyMax);
    if (!body) {
        co_return std::move(body).error();
    }
    const auto wanted = parse_redrive_request(*body);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    const auto change = [&](queue::Queue& queue) {
        return wanted->all ? queue.redrive_all() : queue.redrive(wanted->ids);
    };
    auto answer = change_messages(context, std::move(request), "redriven", change);
    co_return co_await std::move(answer);
}

Task<Response> purge(ContextPtr context, Request request) {
    auto body = co_await read_json_body(request, kQueueBodyMax);
    if (!body) {
        co_return std::move(body).error();
    }
    const auto wanted = parse_purge_request(*body);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    const auto change = [&](queue::Queue& queue) {
        return *wanted == Purged::Messages ? queue.purge() : queue.purge_dead_letters();
    };
    auto answer = change_messages(context, std::move(request), "removed", change);
    co_return co_await std::move(answer);
}

}  // namespace

Task<Result<queue::Queue*>> open_queue(ContextPtr context, std::string name) {
    co_return co_await context->work([&] { return context->services.queues.open(name); });
}

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
        handler(context, put_queue));
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
