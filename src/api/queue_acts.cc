#include "api/queue_acts.h"

#include "api/queue_json.h"
#include "jobs/dispatch.h"
#include "jobs/redrive.h"
#include "routing/own_queues.h"

namespace larmor::api {
namespace {

Result<std::string> json_with_counts(queue::Queue& queue) {
    TRY(const auto stats, queue.stats());
    std::string json;
    append_queue_json(json, queue, stats);
    return json;
}

}  // namespace

Result<std::string> json_of_queues(queue::Queues& queues) {
    TRY(const auto all, queues.list());
    std::string json = R"({"queues":[)";
    for (std::size_t i = 0; i < all.size(); ++i) {
        TRY(const auto one, json_with_counts(*all[i]));
        json += i > 0 ? "," : "";
        json += one;
    }
    json += "]}";
    return json;
}

Result<std::string> json_of_queue(queue::Queues& queues, const std::string& name) {
    TRY(queue::Queue* const queue, queues.open(name));
    return json_with_counts(*queue);
}

Result<PutQueue> put_queue(queue::Queues& queues, const std::string& name,
                           std::string_view body) {
    if (routing::is_own_queue(name)) {
        return fail(ErrorCode::Denied,
                    "the queue " + name + " is the program's own, which sets it itself");
    }
    const auto known = queues.open(name);
    if (!known && known.error().code != ErrorCode::NotFound) {
        return tl::unexpected(known.error());
    }
    PutQueue put;
    put.is_new = !known;
    TRY(const auto settings,
        parse_queue_settings(body, known ? (*known)->settings() : queue::QueueSettings()));
    if (put.is_new) {
        TRY_VOID(routing::open_or_make_queue(queues, name, settings));
    } else {
        TRY_VOID(queues.update(name, settings));
    }
    TRY(put.json, json_of_queue(queues, name));
    return put;
}

Result<std::string> json_of_dead_letters(queue::Queues& queues, const std::string& name,
                                         const LetterPage& page) {
    TRY(queue::Queue* const queue, queues.open(name));
    TRY(const auto letters, queue->list_dead_letters(page.after, page.limit));
    std::string json = R"({"dead_letters":[)";
    for (std::size_t i = 0; i < letters.size(); ++i) {
        json += i > 0 ? "," : "";
        append_dead_letter_json(json, letters[i], {});
    }
    json += ']';
    if (letters.size() == page.limit) {
        json += R"(,"next":)";
        append_id(json, letters.back().id);
    }
    json += '}';
    return json;
}

Result<std::string> json_of_dead_letter(queue::Queues& queues, const std::string& name,
                                        queue::MessageId id) {
    TRY(queue::Queue* const queue, queues.open(name));
    TRY(const auto letters,
        queue->list_dead_letters(queue::MessageId(queue::to_int64(id) - 1), 1));
    if (letters.empty() || letters.front().id != id) {
        return fail(ErrorCode::NotFound, "the queue " + name + " has no dead letter " +
                                             std::to_string(queue::to_int64(id)));
    }
    TRY(const auto body, queue->read_body(id));
    std::string json;
    append_dead_letter_json(json, letters.front(), body);
    return json;
}

Result<std::int64_t> redrive_letters(db::Database& database, queue::Queues& queues,
                                     const std::string& name, std::string_view body) {
    TRY(const auto wanted, parse_redrive_request(body));
    TRY(queue::Queue* const queue, queues.open(name));
    if (name == jobs::kJobQueue) {
        return wanted.all ? jobs::redrive_all(database, *queue)
                          : jobs::redrive(database, *queue, wanted.ids);
    }
    return wanted.all ? queue->redrive_all() : queue->redrive(wanted.ids);
}

Result<std::int64_t> purge_queue(queue::Queues& queues, const std::string& name,
                                 std::string_view body) {
    TRY(const auto wanted, parse_purge_request(body));
    TRY(queue::Queue* const queue, queues.open(name));
    return wanted == Purged::Messages ? queue->purge() : queue->purge_dead_letters();
}

}  // namespace larmor::api
