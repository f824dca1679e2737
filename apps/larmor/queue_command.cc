#include <simdjson.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <optional>

#include "base/json_text.h"
#include "larmor/command.h"
#include "larmor/queue_service.h"
#include "larmor/running_server.h"

namespace larmor {
namespace {

namespace dom = simdjson::dom;

struct QueueRequest {
    std::string name;
    bool json = false;
    // create
    bool fifo = false;
    std::optional<double> visibility_timeout_s;
    std::optional<std::int64_t> receive_count_max;
    std::optional<double> deduplication_window_s;
    std::optional<std::int64_t> depth_max;
    // redrive
    std::vector<std::string> ids;
    bool all = false;
    // purge
    bool dead_letters = false;
    bool yes = false;
};

/// `1d 2h`, `3m 4s`: two units are enough to see how long.
std::string readable_age(double seconds) {
    const auto whole = static_cast<std::int64_t>(seconds);
    const std::pair<std::int64_t, char> units[] = {
        {86'400, 'd'}, {3'600, 'h'}, {60, 'm'}, {1, 's'}};
    std::string text;
    std::int64_t rest = whole;
    int shown = 0;
    for (const auto& [size, unit] : units) {
        if (shown == 2 || (rest < size && shown == 0 && size > 1)) continue;
        text += (shown++ > 0 ? " " : "") + std::to_string(rest / size) + unit;
        rest %= size;
    }
    return text;
}

/// What the service answered, read.
class Answer {
public:
    static Result<Answer> parse(const std::string& json) {
        Answer answer;
        if (answer.parser_->parse(json).get(answer.root_)) return unexpected_answer();
        return answer;
    }
    dom::element root() const { return root_; }

private:
    std::unique_ptr<dom::parser> parser_ = std::make_unique<dom::parser>();
    dom::element root_;  ///< points into the parser
};

std::string text_of(dom::element object, const char* member) {
    std::string_view text;
    return object[member].get(text) ? std::string() : std::string(text);
}
long long number_of(dom::element object, const char* member) {
    std::int64_t number = 0;
    return object[member].get(number) ? 0 : number;
}
std::string age_of(dom::element queue) {
    double seconds = 0;
    return queue["oldest_age_s"].get(seconds) ? "-" : readable_age(seconds);
}

void print_elements(const dom::element& root, const char* member) {
    dom::array elements;
    if (root[member].get(elements)) return;
    for (const auto element : elements) {
        const std::string line = simdjson::minify(element);
        std::printf("%s\n", line.c_str());
    }
}

Result<void> list_queues(const Settings& settings, const QueueRequest& request) {
    TRY(const auto queues, open_queue_service(settings));
    TRY(const auto json, queues->list());
    TRY(const auto answer, Answer::parse(json));
    if (request.json) {
        print_elements(answer.root(), "queues");
        return {};
    }
    dom::array all;
    if (answer.root()["queues"].get(all)) return unexpected_answer();
    std::printf("%10s  %10s  %10s  %10s  %8s  %-8s  %s\n", "waiting", "delayed", "in flight",
                "dead", "oldest", "kind", "name");
    for (const auto queue : all) {
        bool internal = false;
        bool fifo = false;
        (void)queue["internal"].get(internal);
        (void)queue["fifo"].get(fifo);
        std::printf("%10lld  %10lld  %10lld  %10lld  %8s  %-8s  %s\n",
                    number_of(queue, "waiting"), number_of(queue, "delayed"),
                    number_of(queue, "in_flight"), number_of(queue, "dead"),
                    age_of(queue).c_str(), internal ? "internal" : (fifo ? "fifo" : "-"),
                    text_of(queue, "name").c_str());
    }
    return {};
}

Result<void> show_queue(const Settings& settings, const QueueRequest& request) {
    TRY(const auto queues, open_queue_service(settings));
    TRY(const auto queue_json, queues->show(request.name));
    TRY(const auto letters_json, queues->dead_letters(request.name));
    if (request.json) {
        // The queue, then its dead letters, an object a line.
        std::printf("%s\n", queue_json.c_str());
        TRY(const auto letters, Answer::parse(letters_json));
        print_elements(letters.root(), "dead_letters");
        return {};
    }
    TRY(const auto queue, Answer::parse(queue_json));
    TRY(const auto letters, Answer::parse(letters_json));
    dom::object members;
    if (queue.root().get(members)) return unexpected_answer();
    for (const auto [key, value] : members) {
        std::string_view text;
        const std::string shown = value.get(text) ? simdjson::minify(value) : std::string(text);
        std::printf("%-22.*s  %s\n", static_cast<int>(key.size()), key.data(), shown.c_str());
    }
    dom::array all;
    if (letters.root()["dead_letters"].get(all)) return unexpected_answer();
    if (all.size() == 0) return {};
    std::printf("\n%-20s  %-24s  %8s  %-24s  %s\n", "dead letter", "since", "received",
                "reason", "last error");
    for (const auto letter : all) {
        std::printf("%-20s  %-24s  %8lld  %-24s  %s\n", text_of(letter, "id").c_str(),
                    text_of(letter, "dead_at").c_str(), number_of(letter, "receive_count"),
                    text_of(letter, "reason").c_str(), text_of(letter, "last_error").c_str());
    }
    if (!text_of(letters.root(), "next").empty()) std::puts("and more");
    return {};
}

Result<void> create_queue(const Settings& settings, const QueueRequest& request) {
    std::string body = "{";
    const auto add = [&](const char* member, const std::string& value) {
        body += body.size() > 1 ? ",\"" : "\"";
        body += std::string(member) + "\":" + value;
    };
    if (request.fifo) add("fifo", "true");
    if (request.visibility_timeout_s) {
        add("visibility_timeout_s", std::to_string(*request.visibility_timeout_s));
    }
    if (request.receive_count_max) {
        add("receive_count_max", std::to_string(*request.receive_count_max));
    }
    if (request.deduplication_window_s) {
        add("deduplication_window_s", std::to_string(*request.deduplication_window_s));
    }
    if (request.depth_max) add("depth_max", std::to_string(*request.depth_max));
    body += '}';
    TRY(const auto queues, open_queue_service(settings));
    TRY(const auto queue, queues->put(request.name, body));
    std::printf("%s\n", queue.c_str());
    return {};
}

void print_count(const QueueRequest& request, const char* member, const char* words,
                 std::int64_t count) {
    if (request.json) {
        std::printf("{\"%s\":%lld}\n", member, static_cast<long long>(count));
    } else {
        std::printf("%lld %s\n", static_cast<long long>(count), words);
    }
}

Result<void> redrive_queue(const Settings& settings, const QueueRequest& request) {
    if (request.all == !request.ids.empty()) {
        return fail(ErrorCode::InvalidInput,
                    "say which dead letters, by their ids, or --all of them");
    }
    std::string body = R"({"all":true})";
    if (!request.all) {
        body = R"({"ids":[)";
        for (const auto& id : request.ids) {
            body += body.ends_with('[') ? "" : ",";
            append_json_string(body, id);
        }
        body += "]}";
    }
    TRY(const auto queues, open_queue_service(settings));
    TRY(const auto count, queues->redrive(request.name, body));
    print_count(request, "redriven", "dead letters sent anew", count);
    return {};
}

Result<void> purge_of_queue(const Settings& settings, const QueueRequest& request) {
    if (!request.yes) {
        return fail(ErrorCode::InvalidInput,
                    "a purge can't be undone: say --yes to remove all " +
                        std::string(request.dead_letters ? "dead letters" : "messages") +
                        " of " + request.name);
    }
    TRY(const auto queues, open_queue_service(settings));
    TRY(const auto count,
        queues->purge(request.name, request.dead_letters ? R"({"what":"dead_letters"})"
                                                         : R"({"what":"messages"})"));
    print_count(request, "removed",
                request.dead_letters ? "dead letters removed" : "messages removed", count);
    return {};
}

}  // namespace

void add_queue(CommandLine& line) {
    auto* command = line.app.add_subcommand(
        "queue", "what waits to be worked on, and what failed at it (dead letters)");
    command->require_subcommand(1);
    command->fallthrough();
    const auto add = [&](const char* name, const char* help, std::shared_ptr<QueueRequest>& to,
                         Result<void> (*act)(const Settings&, const QueueRequest&)) {
        auto request = std::make_shared<QueueRequest>();
        to = request;
        auto* one = command->add_subcommand(name, help);
        one->callback([&line_run = line.run, &settings = line.settings, request, act] {
            line_run = [&settings, request, act] {
                const auto done = act(settings, *request);
                return done ? kDone : fail_command(done.error());
            };
        });
        return one;
    };
    const auto add_named = [&](const char* name, const char* help,
                               std::shared_ptr<QueueRequest>& to,
                               Result<void> (*act)(const Settings&, const QueueRequest&)) {
        auto* one = add(name, help, to, act);
        one->add_option("NAME", to->name, "of the queue")->required();
        return one;
    };
    constexpr const char* kJsonHelp = "JSON, an object a line";
    std::shared_ptr<QueueRequest> request;

    auto* list = add("list", "all of them with what they hold", request, list_queues);
    list->add_flag("--json", request->json, kJsonHelp);

    auto* show = add_named("show", "settings, counts and the first 100 dead letters", request,
                           show_queue);
    show->add_flag("--json", request->json, kJsonHelp);

    auto* create =
        add_named("create", "make one, or change the settings that are given (printed as JSON)",
                  request, create_queue);
    create->add_flag("--fifo", request->fifo,
                     "in the order of sending within a message group; for good");
    create->add_option("--visibility-timeout", request->visibility_timeout_s,
                       "seconds that a received message is hidden from others (30)");
    create->add_option("--receive-count-max", request->receive_count_max,
                       "deliveries without success before it is a dead letter (5)");
    create->add_option("--deduplication-window", request->deduplication_window_s,
                       "seconds in which a deduplication id is sent once (300)");
    create->add_option("--depth-max", request->depth_max,
                       "messages that it holds; more are refused (100000000)");
    create->add_flag("--json", request->json, "it is JSON anyway");

    auto* redrive = add_named("redrive", "send dead letters anew", request, redrive_queue);
    redrive->add_option("ID", request->ids, "as `queue show` lists them");
    redrive->add_flag("--all", request->all, "every one");
    redrive->add_flag("--json", request->json, kJsonHelp);

    auto* purge = add_named("purge", "remove all messages for good, or all dead letters",
                            request, purge_of_queue);
    purge->add_flag("--dead-letters", request->dead_letters, "these, and no messages");
    purge->add_flag("--yes", request->yes, "I mean it");
    purge->add_flag("--json", request->json, kJsonHelp);
}

}  // namespace larmor
