#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/json_text.h"
#include "base/percent.h"
#include "events/pattern.h"
#include "larmor/command.h"
#include "larmor/event_lines.h"
#include "larmor/follow_job.h"
#include "larmor/running_server.h"

namespace larmor {
namespace {

struct ReplayRequest {
    std::string queue;  ///< or else the rule
    std::string rule;
    std::string from;
    std::int64_t last = 0;  ///< 0: the newest
    std::string pattern;
    bool json = false;
};

struct TailRequest {
    std::string after;
    std::string since;
};

/// Longer than the server is silent between two heartbeats.
constexpr std::chrono::seconds kTailTimeout{60};

std::string first_target(const TailRequest& request) {
    if (!request.after.empty()) return "/v1/events?after=" + percent_encode(request.after);
    if (!request.since.empty()) return "/v1/events?since=" + percent_encode(request.since);
    return "/v1/events";
}

Result<void> refused(const http::ClientResponse& response, const std::string& body) {
    const auto code = response.status == 410   ? ErrorCode::NotFound
                      : response.status == 503 ? ErrorCode::Unavailable
                                               : ErrorCode::InvalidInput;
    return fail(code, "the server answered " + std::to_string(response.status) + ": " +
                          body.substr(0, 500));
}

/// Follows until the server goes away. It ends a stream now and then; one goes on behind what
/// one has.
Result<void> tail(const Settings& settings, const TailRequest& request) {
    TRY(const auto server, find_running_server(settings.library));
    std::string gone;
    EventLines lines(
        [](std::string_view data) {
            std::printf("%.*s\n", static_cast<int>(data.size()), data.data());
            std::fflush(stdout);
        },
        [&gone](std::string_view data) { gone = data; });
    std::string target = first_target(request);
    for (;;) {
        auto client = server.client(kTailTimeout);
        std::string text;
        const auto headers = server.headers();
        TRY(const auto response,
            client.send({.method = "GET", .target = target, .headers = headers},
                        [&](Bytes bytes) {
                            // An answer of another status is text for people, and short.
                            if (text.size() < 1000) text += as_text(bytes).substr(0, 1000);
                            lines.feed(as_text(bytes));
                        }));
        if (response.status != 200) return refused(response, text);
        if (!gone.empty()) {
            return fail(ErrorCode::NotFound, "the server has gone on without us: " + gone);
        }
        if (!lines.last_id().empty()) target = "/v1/events?after=" + lines.last_id();
    }
}

/// A number stays a number, anything else is a time for the server to read.
std::string from_json(const std::string& from) {
    const bool is_number =
        !from.empty() && from.find_first_not_of("0123456789") == std::string::npos;
    return is_number ? from : to_json_string(from);
}

/// Asks the server that has the library to send events again, and follows that.
Result<int> replay(const Settings& settings, const ReplayRequest& request) {
    std::string parameters = request.rule.empty()
                                 ? R"({"queue":)" + to_json_string(request.queue)
                                 : R"({"rule":)" + to_json_string(request.rule);
    parameters += R"(,"from":)" + from_json(request.from);
    if (request.last > 0) parameters += R"(,"last":)" + std::to_string(request.last);
    if (!request.pattern.empty()) {
        TRY_VOID(events::parse_pattern(request.pattern));
        parameters += R"(,"pattern":)" + request.pattern;
    }
    parameters += '}';
    TRY(const auto server, find_running_server(settings.library));
    ServerJobs jobs(server);
    TRY(const auto job, jobs.create("replay", parameters));
    return follow_and_tell(jobs, job, OnSignal::Cancel, follow_form(request.json));
}

void add_replay(CLI::App& command, CommandLine& line) {
    auto request = std::make_shared<ReplayRequest>();
    auto* replay_command =
        command.add_subcommand("replay", "send events again, as a job of the running server");
    auto* to = replay_command->add_option_group("where to");
    to->add_option("--queue", request->queue, "to this queue");
    auto* rule = to->add_option("--rule", request->rule,
                                "what this rule matches, to its queues and webhooks");
    to->require_option(1);
    replay_command
        ->add_option("--from", request->from,
                     "the number of the first event, or 2026-01-02T03:04:05Z")
        ->required();
    replay_command->add_option("--last", request->last,
                               "the number of the last one; the newest where it is not given");
    replay_command
        ->add_option("--pattern", request->pattern,
                     "only those that this EventBridge pattern matches")
        ->excludes(rule);
    replay_command->add_flag("--json", request->json, "each change of the job, as JSON");
    replay_command->callback([&line_run = line.run, &settings = line.settings, request] {
        line_run = [&settings, request] {
            const auto code = replay(settings, *request);
            return code ? *code : fail_command(code.error());
        };
    });
}

}  // namespace

void add_events(CommandLine& line) {
    auto* command = line.app.add_subcommand("events", "what happens in the library");
    command->require_subcommand(1);
    command->fallthrough();
    add_replay(*command, line);

    auto request = std::make_shared<TailRequest>();
    auto* tail_command = command->add_subcommand(
        "tail", "follow a running server's events: one CloudEvents JSON object a line");
    auto* after = tail_command->add_option("--after", request->after,
                                           "behind this event (its larmorposition): 1-42");
    auto* since =
        tail_command->add_option("--since", request->since, "from 2026-01-02T03:04:05Z on");
    after->excludes(since);
    tail_command->callback([&line_run = line.run, &settings = line.settings, request] {
        line_run = [&settings, request] {
            const auto done = tail(settings, *request);
            return done ? kDone : fail_command(done.error());
        };
    });
}

}  // namespace larmor
