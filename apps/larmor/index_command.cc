#include <simdjson.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "api/index_acts.h"
#include "base/percent.h"
#include "larmor/command.h"
#include "larmor/open_service.h"

namespace larmor {
namespace {

class IndexService {
public:
    virtual ~IndexService() = default;
    /// As GET /v1/index.
    virtual Result<std::string> list() = 0;
    virtual Result<void> rebuild(const std::string& target) = 0;
};

class LocalIndex final : public IndexService {
public:
    explicit LocalIndex(std::unique_ptr<Library> library) : library_(std::move(library)) {}
    Result<std::string> list() override { return api::json_of_index(library_->queues()); }
    Result<void> rebuild(const std::string& target) override {
        TRY_VOID(api::rebuild_index(library_->database(), library_->queues(), target));
        audit::Entry entry;
        entry.action = audit::Action::QueueChange;
        entry.subject.object = target;
        return put_on_record(*library_, "index", std::move(entry));
    }

private:
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

private:
    ServerApi api_;
};

Result<std::unique_ptr<IndexService>> open_index(const Settings& settings) {
    return open_service<IndexService, LocalIndex, RemoteIndex>(settings);
}

Result<void> print_status(const Settings& settings, bool as_json) {
    TRY(const auto service, open_index(settings));
    TRY(const std::string json, service->list());
    simdjson::dom::parser parser;
    simdjson::dom::array targets;
    if (parser.parse(json)["targets"].get(targets)) return unexpected_answer();
    if (!as_json) std::printf("%10s  %10s  %8s  %s\n", "behind", "seconds", "dead", "target");
    for (const auto target : targets) {
        if (as_json) {
            std::printf("%s\n", simdjson::minify(target).c_str());
            continue;
        }
        const std::string_view name = target["name"].get_string().value_unsafe();
        std::printf("%10lld  %10.1f  %8lld  %.*s\n",
                    static_cast<long long>(target["lag"].get_int64().value_unsafe()),
                    target["lag_s"].get_double().value_unsafe(),
                    static_cast<long long>(target["dead"].get_int64().value_unsafe()),
                    static_cast<int>(name.size()), name.data());
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
}

}  // namespace larmor
