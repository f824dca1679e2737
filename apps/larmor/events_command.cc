#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/percent.h"
#include "larmor/command.h"
#include "larmor/event_lines.h"
#include "larmor/running_server.h"

namespace larmor {
namespace {

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

}  // namespace

void add_events(CommandLine& line) {
    auto* command = line.app.add_subcommand("events", "what happens in the library");
    command->require_subcommand(1);
    command->fallthrough();

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
