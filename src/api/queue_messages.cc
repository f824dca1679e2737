#include "api/queue_messages.h"

#include "api/access.h"
#include "api/handler.h"
#include "api/json_request.h"
#include "api/message_json.h"
#include "api/problem.h"
#include "observe/log.h"
#include "routing/own_queues.h"

namespace larmor::api {
namespace {

using http::Request;
using http::Response;
using http::Task;

/// queue::limits::kBatchBytes in base64, and what is around it.
constexpr std::uint64_t kSendBodyMax = std::uint64_t{32} << 20;
/// The most receipt handles that one request takes.
constexpr std::uint64_t kHandlesBodyMax = 128 * 1024;
/// Requests that wait for messages: each is one of those that the server has at once.
constexpr std::size_t kWaitingMax = 256;

/// A request that waits, for as long as it lives.
class WaitingPlace {
public:
    explicit WaitingPlace(std::atomic<std::size_t>& waiting)
        : waiting_(waiting), before_(waiting.fetch_add(1)) {}
    ~WaitingPlace() { waiting_.fetch_sub(1); }
    WaitingPlace(const WaitingPlace&) = delete;
    WaitingPlace& operator=(const WaitingPlace&) = delete;
    Result<void> check() const {
        if (before_ < kWaitingMax) return {};
        return fail(ErrorCode::Unavailable, "more than " + std::to_string(kWaitingMax) +
                                                " requests wait for messages already");
    }

private:
    std::atomic<std::size_t>& waiting_;
    const std::size_t before_;
};

/// The queue that the path names, for outsiders to work with. Errors: NotFound, Denied, NoSpace
/// when the library is read-only.
Task<Result<queue::Queue*>> open_for_outsiders(ContextPtr context, std::string name) {
    if (routing::is_own_queue(name)) {
        co_return fail(ErrorCode::Denied,
                       "the queue " + name +
                           " is the program's own: it can be looked at, redriven and purged, "
                           "and nobody else sends to it or receives from it");
    }
    CO_TRY_VOID(context->services.admission.allow_change());
    co_return co_await context->work([&] { return context->services.queues.open(name); });
}

std::size_t bytes_of(const std::vector<queue::NewMessage>& messages) {
    std::size_t bytes = 0;
    for (const auto& message : messages) bytes += message.body.size();
    return bytes;
}

Task<Response> send_messages(ContextPtr context, Request request) {
    auto body = co_await read_json_body(request, kSendBodyMax);
    if (!body) {
        co_return std::move(body).error();
    }
    auto messages = parse_send_request(*body);
    if (!messages) {
        co_return problem(request, messages.error());
    }
    const auto queue = co_await open_for_outsiders(context, request.path_parameter("queue"));
    if (!queue) {
        co_return problem(request, queue.error());
    }
    if (const auto room = context->services.admission.check(bytes_of(*messages)); !room) {
        co_return problem(request, room.error());
    }
    const auto sent = co_await (*queue)->send(*std::move(messages));
    if (!sent) {
        // Full: there may be room once somebody received.
        const bool is_full = sent.error().code == ErrorCode::LimitExceeded;
        co_return problem(request, sent.error(), is_full ? 507 : 0);
    }
    std::string json;
    append_sent_json(json, *sent);
    co_return private_json(std::move(json), 201);
}

/// To be received again at once, by somebody who is there. Where that fails they come back when
/// their visibility timeout is over.
Task<void> give_back(ContextPtr context, queue::Queue& queue,
                     std::vector<queue::Message> messages) {
    const auto given =
        co_await context->services.database.write([&](db::Transaction& tx) -> Result<void> {
            for (const auto& message : messages) {
                TRY_VOID(queue.release(tx, message.receipt_handle, {}));
            }
            return {};
        });
    if (!given) {
        observe::log_warning("messages were not given back",
                             {{"queue", queue.name()}, {"reason", given.error().message}});
    }
}

Task<Response> receive_messages(ContextPtr context, Request request) {
    auto body = co_await read_json_body(request, kSmallJsonMaxBytes);
    if (!body) {
        co_return std::move(body).error();
    }
    auto options = parse_receive_request(*body);
    if (!options) {
        co_return problem(request, options.error());
    }
    const auto queue = co_await open_for_outsiders(context, request.path_parameter("queue"));
    if (!queue) {
        co_return problem(request, queue.error());
    }
    std::optional<WaitingPlace> place;
    if (options->wait_max > queue::microseconds(0)) {
        place.emplace(context->queue_waits);
        if (const auto found = place->check(); !found) {
            co_return problem(request, found.error());
        }
    }
    options->stop = request.wait_stop;
    auto messages = co_await (*queue)->receive(*options);
    if (!messages) {
        co_return problem(request, messages.error());
    }
    if (request.wait_stop.cancelled() && !messages->empty()) {
        // Nobody would read them, and they would be hidden from all others.
        co_await give_back(context, **queue, std::move(*messages));
        messages->clear();
    }
    std::string json;
    append_received_json(json, *messages);
    co_return private_json(std::move(json));
}

/// For what is done with a delivery: 204, or why not.
template <typename Parse, typename Act>
Task<Response> on_delivery(ContextPtr context, Request request, Parse parse, Act act) {
    auto body = co_await read_json_body(request, kHandlesBodyMax);
    if (!body) {
        co_return std::move(body).error();
    }
    auto wanted = parse(*body);
    if (!wanted) {
        co_return problem(request, wanted.error());
    }
    const auto queue = co_await open_for_outsiders(context, request.path_parameter("queue"));
    if (!queue) {
        co_return problem(request, queue.error());
    }
    auto acting = act(**queue, *std::move(wanted));
    const auto done = co_await std::move(acting);
    if (!done) {
        co_return problem(request, done.error());
    }
    co_return Response(204);
}

Task<Response> remove_messages(ContextPtr context, Request request) {
    return on_delivery(std::move(context), std::move(request), parse_receipt_handles,
                       [](queue::Queue& queue, std::vector<std::string> handles) {
                           return queue.remove(std::move(handles));
                       });
}

Task<Response> extend_message(ContextPtr context, Request request) {
    return on_delivery(std::move(context), std::move(request), parse_extend_request,
                       [](queue::Queue& queue, ExtendRequest wanted) {
                           return queue.extend(std::move(wanted.receipt_handle),
                                               wanted.visibility_timeout);
                       });
}

Task<Response> release_message(ContextPtr context, Request request) {
    return on_delivery(std::move(context), std::move(request), parse_release_request,
                       [](queue::Queue& queue, ReleaseRequest wanted) {
                           return queue.release(std::move(wanted.receipt_handle),
                                                std::move(wanted.release));
                       });
}

Task<Response> dead_letter_message(ContextPtr context, Request request) {
    return on_delivery(std::move(context), std::move(request), parse_dead_letter_request,
                       [](queue::Queue& queue, DeadLetterRequest wanted) {
                           return queue.dead_letter(std::move(wanted.receipt_handle),
                                                    std::move(wanted.reason),
                                                    std::move(wanted.error));
                       });
}

}  // namespace

void add_queue_message_routes(http::Router& router, const ContextPtr& context) {
    const auto add = [&](std::string path, std::string name, std::uint64_t body_max,
                         http::Handler handler) {
        router.add({.method = http::Method::Post,
                    .pattern = "/v1/queues/{queue}/" + std::move(path),
                    .name = "queues." + std::move(name),
                    .right = right(auth::Right::UseQueues, audit::Action::QueueUse),
                    .handler = std::move(handler),
                    .body_max = body_max});
    };
    add("messages", "send", kSendBodyMax, handler(context, send_messages));
    add("receive", "receive", kSmallJsonMaxBytes, handler(context, receive_messages));
    add("remove", "remove", kHandlesBodyMax, handler(context, remove_messages));
    add("extend", "extend", kHandlesBodyMax, handler(context, extend_message));
    add("release", "release", kHandlesBodyMax, handler(context, release_message));
    add("dead-letter", "dead_letter", kHandlesBodyMax, handler(context, dead_letter_message));
}

}  // namespace larmor::api
