#include <simdjson.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "api/index_acts.h"
#include "base/json_text.h"
#include "base/percent.h"
#include "larmor/command.h"
#include "larmor/follow_job.h"
#include "larmor/open_service.h"

namespace larmor {
namespace {

class IndexService {
public:
    virtual ~IndexService() = default;
    /// As GET /v1/index.
    virtual Result<std::string> list() = 0;
    virtual Result<void> rebuild(const std::string& target) = 0;
    virtual Result<void> remove(const std::string& target) = 0;
};

class LocalIndex final : public IndexService {
public:
    explicit LocalIndex(std::unique_ptr<Library> library) : library_(std::move(library)) {}
    Result<std::string> list() override { return api::json_of_index(services()); }
    Result<void> rebuild(const std::string& target) override {
        TRY_VOID(api::rebuild_index(services(), target));
        return note(target);
    }
    Result<void> remove(const std::string& target) override {
        TRY_VOID(api::remove_index(services(), target));
        return note(target);
    }

private:
    api::IndexServices services() {
        return {library_->database(), library_->queues(), library_->index_targets()};
    }
    Result<void> note(const std::string& target) {
        audit::Entry entry;
        entry.action = audit::Action::QueueChange;
        entry.subject.object = target;
        return put_on_record(*library_, "index", std::move(entry));
    }

    std::unique_ptr<Library> library_;
};

class RemoteIndex final : public IndexService {
public:
    explicit RemoteIndex(const RunningServer& server)
        : api_(server, std::chrono::minutes(10)) {}
    Result<std::string> list() override { return api_.call("GET", "/v1/index"); }
    Result<void> rebuild(const std::string& target) override {
        return api_.call("POST", "/v1/index/" + percent_encode(target) + "/rebuild")
            .map([](const std::string&) {});
    }
    Result<void> remove(const std::string& target) override {
        return api_.call("DELETE", "/v1/index/" + percent_encode(target))
            .map([](const std::string&) {});
    }

private:
    ServerApi api_;
};

Result<std::unique_ptr<IndexService>> open_index(const Settings& settings) {
    return open_service<IndexService, LocalIndex, RemoteIndex>(settings);
}

std::string text_of(simdjson::dom::element target, const char* member) {
    std::string_view text = "-";
    if (target[member].get(text) != simdjson::SUCCESS) return "-";
    return std::string(text);
}

void print_target(simdjson::dom::element target) {
    const bool is_fed = target["fed"].get_bool().value_unsafe();
    const bool is_kept = target["kept_here"].get_bool().value_unsafe();
    std::string note;
    if (const auto letter = text_of(target, "held_by"); letter != "-") {
        note += "  held by dead letter " + letter;
    }
    if (!is_fed) note += "  no rule feeds it: what is left is in its queue";
    if (is_fed && !is_kept) note += "  not kept by this process";
    std::printf("%10lld  %10.1f  %8lld  %12s  %12s  %s%s\n",
                static_cast<long long>(target["lag"].get_int64().value_unsafe()),
                target["lag_s"].get_double().value_unsafe(),
                static_cast<long long>(target["dead"].get_int64().value_unsafe()),
                text_of(target, "sequence").c_str(), text_of(target, "log").c_str(),
                text_of(target, "name").c_str(), note.c_str());
}

Result<void> print_status(const Settings& settings, bool as_json) {
    TRY(const auto service, open_index(settings));
    TRY(const std::string json, service->list());
    simdjson::dom::parser parser;
    simdjson::dom::array targets;
    if (parser.parse(json)["targets"].get(targets)) return unexpected_answer();
    if (!as_json) {
        std::printf("%10s  %10s  %8s  %12s  %12s  %s\n", "behind", "seconds", "dead", "at",
                    "of", "target");
    }
    for (const auto target : targets) {
        if (as_json) {
            std::printf("%s\n", simdjson::minify(target).c_str());
        } else {
            print_target(target);
        }
    }
    return {};
}

Result<void> rebuild(const Settings& settings, const std::string& target) {
    TRY(const auto service, open_index(settings));
    TRY_VOID(service->rebuild(target));
    std::printf("every image set is applied to %s again: larmor index status follows it\n",
                target.c_str());
    return {};
}

Result<void> remove(const Settings& settings, const std::string& target) {
    TRY(const auto service, open_index(settings));
    TRY_VOID(service->remove(target));
    std::printf("%s gets no more events; what it has stays in it\n", target.c_str());
    return {};
}

/// What is different, a table of a study each.
Result<void> print_drift(ServerJobs& jobs, const std::string& id) {
    TRY(const std::string json, jobs.errors(id, 0));
    simdjson::dom::parser parser;
    simdjson::dom::array errors;
    if (parser.parse(json)["errors"].get(errors)) return unexpected_answer();
    for (const auto error : errors) {
        std::printf("%s  %s\n", text_of(error, "item").c_str(),
                    text_of(error, "message").c_str());
    }
    return {};
}

/// Done only where target and catalog are equal, now at least.
Result<int> check(const Settings& settings, const std::string& target, bool repair) {
    TRY(const auto server, find_running_server(settings.library));
    ServerJobs jobs(server);
    TRY(const auto job,
        jobs.create("index-check", R"({"target":)" + to_json_string(target) + R"(,"repair":)" +
                                       (repair ? "true" : "false") + '}'));
    const int code = follow_and_tell(jobs, job, OnSignal::Cancel, follow_form(false));
    TRY(const auto ended, jobs.find(job.id));
    TRY_VOID(print_drift(jobs, job.id));
    if (code != kDone) return code;
    simdjson::dom::parser parser;
    simdjson::dom::element result;
    if (parser.parse(ended.result).get(result) != simdjson::SUCCESS) return unexpected_answer();
    const auto number = [&](const char* name) {
        return static_cast<long long>(result[name].get_int64().value_unsafe());
    };
    std::printf("%lld studies compared, %lld tables of studies differ, %lld studies repaired\n",
                number("studies"), number("drift"), number("repaired"));
    if (number("unsettled") > 0) {
        std::printf("%lld studies changed all the time and were not compared\n",
                    number("unsettled"));
        return kFailed;
    }
    return number("drift") == 0 || repair ? kDone : kFailed;
}

}  // namespace

void add_index(CommandLine& line) {
    auto* command =
        line.app.add_subcommand("index", "stores that are kept equal to the catalog");
    command->require_subcommand(1);
    command->fallthrough();
    const auto run = [&line](CLI::App* one, std::function<Result<void>()> act) {
        one->callback([&to = line.run, act = std::move(act)] {
            to = [act] {
                const auto done = act();
                return done ? kDone : fail_command(done.error());
            };
        });
    };
    const Settings& settings = line.settings;
    auto as_json = std::make_shared<bool>(false);
    auto* status = command->add_subcommand("status", "how far each is behind");
    status->add_flag("--json", *as_json, "JSON, an object a line");
    run(status, [&settings, as_json] { return print_status(settings, *as_json); });

    auto target = std::make_shared<std::string>();
    auto* again =
        command->add_subcommand("rebuild", "apply every image set again, beside what comes");
    again->add_option("TARGET", *target, "as `index status` lists them")->required();
    run(again, [&settings, target] { return rebuild(settings, *target); });

    auto* end = command->add_subcommand(
        "remove", "send a target no more events; what is in it stays there");
    end->add_option("TARGET", *target, "as `index status` lists them")->required();
    run(end, [&settings, target] { return remove(settings, *target); });

    auto repair = std::make_shared<bool>(false);
    auto* compare = command->add_subcommand(
        "check", "compare a target of the running server with the catalog, row by row");
    compare->add_option("TARGET", *target, "as `index status` lists them")->required();
    compare->add_flag("--repair", *repair, "write what differs anew");
    compare->callback([&to = line.run, &settings, target, repair] {
        to = [&settings, target, repair] {
            const auto code = check(settings, *target, *repair);
            return code ? *code : fail_command(code.error());
        };
    });
}

}  // namespace larmor
