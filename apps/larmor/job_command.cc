#include <simdjson.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/percent.h"
#include "larmor/command.h"
#include "larmor/follow_job.h"
#include "larmor/import_report.h"
#include "larmor/job_service.h"

namespace larmor {
namespace {

struct JobRequest {
    std::string id;
    std::string state;
    std::string kind;
    bool json = false;
};

std::string query_of(const JobRequest& request, const std::string& before) {
    std::string query = "limit=1000";
    if (!request.state.empty()) query += "&state=" + percent_encode(request.state);
    if (!request.kind.empty()) query += "&kind=" + percent_encode(request.kind);
    if (!before.empty()) query += "&before=" + before;
    return query;
}

Result<void> list_jobs(const Settings& settings, const JobRequest& request) {
    TRY(const auto jobs, open_job_service(settings));
    std::string before;
    do {
        TRY(const auto page, jobs->list(query_of(request, before)));
        for (const JobView& job : page.jobs) {
            if (request.json) {
                std::puts(job.json.c_str());
            } else {
                std::printf("%s  %s\n", job.created_at.c_str(), describe(job).c_str());
            }
        }
        before = page.next;
    } while (!before.empty());
    return {};
}

/// A line each; gives the number of the last one, 0 at the end.
Result<std::int64_t> print_errors(const std::string& json) {
    simdjson::dom::parser parser;
    simdjson::dom::object object;
    simdjson::dom::array errors;
    if (parser.parse(json).get(object) != simdjson::SUCCESS ||
        object["errors"].get(errors) != simdjson::SUCCESS) {
        return fail(ErrorCode::InvalidInput, "the server answered something else than errors");
    }
    for (const auto error : errors) {
        const auto text = [&](const char* name) {
            std::string_view value;
            if (error[name].get(value) != simdjson::SUCCESS) value = "";
            return printable(std::string(value));
        };
        std::printf("error %s: %s %s\n", text("item").c_str(), text("code").c_str(),
                    text("message").c_str());
    }
    std::int64_t next = 0;
    return object["next"].get(next) == simdjson::SUCCESS ? next : 0;
}

Result<void> show_job(const Settings& settings, const JobRequest& request) {
    TRY(const auto jobs, open_job_service(settings));
    TRY(const auto job, jobs->find(request.id));
    if (request.json) {
        std::puts(job.json.c_str());
        return {};
    }
    std::puts(describe(job).c_str());
    if (!job.result.empty()) std::printf("result %s\n", job.result.c_str());
    for (std::int64_t after = 0;;) {
        TRY(const auto errors, jobs->errors(request.id, after));
        TRY(after, print_errors(errors));
        if (after == 0) return {};
    }
}

Result<void> cancel_job(const Settings& settings, const JobRequest& request) {
    TRY(const auto jobs, open_job_service(settings));
    TRY(const auto job, jobs->cancel(request.id));
    std::puts(request.json ? job.json.c_str() : describe(job).c_str());
    return {};
}

Result<void> delete_job(const Settings& settings, const JobRequest& request) {
    TRY(const auto jobs, open_job_service(settings));
    return jobs->remove(request.id);
}

/// Only a server works on jobs, so that there is something to watch.
Result<int> watch_job(const Settings& settings, const JobRequest& request) {
    TRY(const auto server, find_running_server(settings.library));
    ServerJobs jobs(server);
    TRY(const auto job, jobs.find(request.id));
    return follow_and_tell(jobs, job, OnSignal::Leave, follow_form(request.json));
}

}  // namespace

void add_job(CommandLine& line) {
    auto* command = line.app.add_subcommand("job", "long runs: what they are and how far");
    command->require_subcommand(1);
    command->fallthrough();

    const auto add = [&](const char* name, const char* help, auto act) {
        auto request = std::make_shared<JobRequest>();
        auto* sub = command->add_subcommand(name, help);
        sub->add_flag("--json", request->json, "as JSON, an object a line");
        sub->callback([&line_run = line.run, &settings = line.settings, request, act] {
            line_run = [&settings, request, act] {
                const Result<int> code = act(settings, *request);
                return code ? *code : fail_command(code.error());
            };
        });
        return std::pair(sub, request);
    };
    const auto done = [](auto act) {
        return [act](const Settings& settings, const JobRequest& request) -> Result<int> {
            TRY_VOID(act(settings, request));
            return kDone;
        };
    };
    const auto [list, filter] = add("list", "all of them, newest first", done(list_jobs));
    list->add_option("--state", filter->state, "queued, running, succeeded, failed, cancelled");
    list->add_option("--kind", filter->kind, "import, replay");
    const auto with_id = [&](const char* name, const char* help, auto act) {
        const auto [sub, request] = add(name, help, act);
        sub->add_option("ID", request->id)->required();
    };
    with_id("show", "one of them, with the errors of its items", done(show_job));
    with_id("watch", "follow one until it has ended", watch_job);
    with_id("cancel", "end one; what it did stays done", done(cancel_job));
    with_id("delete", "remove one that has ended", done(delete_job));
}

}  // namespace larmor
