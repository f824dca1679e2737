#include <CLI/CLI.hpp>
#include <cstdio>

#include "base/file.h"
#include "base/json_text.h"
#include "events/pattern.h"
#include "larmor/command.h"
#include "larmor/rule_service.h"

namespace larmor {
namespace {

struct PutRequest {
    std::string name;
    std::string pattern;
    std::vector<std::string> queues;
    std::vector<std::string> webhooks;
    bool disabled = false;
    std::int64_t version = 0;  ///< 0: whatever it has now
};

void append_targets(std::string& json, std::string_view kind,
                    const std::vector<std::string>& addresses) {
    for (const std::string& address : addresses) {
        json += json.ends_with('[') ? "{" : ",{";
        append_json_string(json, kind);
        json += ':';
        append_json_string(json, address);
        json += '}';
    }
}

/// The pattern itself, or that of the file that `@FILE` names.
Result<std::string> pattern_text(const std::string& pattern) {
    if (!pattern.starts_with('@')) return pattern;
    return read_file(pattern.substr(1), events::kPatternBytesMax + 1);
}

Result<void> list_rules(const Settings& settings) {
    TRY(const auto rules, open_rule_service(settings));
    TRY(const auto lines, rules->list());
    for (const std::string& line : lines) std::printf("%s\n", line.c_str());
    return {};
}

Result<void> put_rule(const Settings& settings, const PutRequest& request) {
    TRY(const std::string pattern, pattern_text(request.pattern));
    // Said here, where the place in the pattern is seen beside it.
    TRY_VOID(events::parse_pattern(pattern));
    TRY(const auto rules, open_rule_service(settings));
    std::string body = R"({"pattern":)" + pattern + R"(,"targets":[)";
    append_targets(body, "queue", request.queues);
    append_targets(body, "webhook", request.webhooks);
    body += R"(],"enabled":)";
    body += request.disabled ? "false" : "true";
    TRY(const auto current, rules->version_of(request.name));
    if (current) {
        const std::int64_t version = request.version > 0 ? request.version : *current;
        body += R"(,"version":)" + std::to_string(version);
    }
    body += '}';
    TRY(const std::string rule, rules->put(request.name, body));
    std::printf("%s\n", rule.c_str());
    return {};
}

Result<void> delete_rule(const Settings& settings, const std::string& name) {
    TRY(const auto rules, open_rule_service(settings));
    return rules->remove(name, {});
}

int exit_code_of_rule(const Result<void>& done) {
    return done ? kDone : fail_command(done.error());
}

void add_put(CLI::App& command, CommandLine& line) {
    auto request = std::make_shared<PutRequest>();
    auto* put = command.add_subcommand("put", "make a rule, or change the one of that name");
    put->add_option("NAME", request->name)->required();
    put->add_option("--pattern", request->pattern,
                    "which events: an EventBridge pattern, or @FILE with one")
        ->required();
    put->add_option("--queue", request->queues,
                    "a queue that gets them; made where it is missing");
    put->add_option("--webhook", request->webhooks, "a URL that gets them");
    put->add_flag("--disabled", request->disabled, "keep it, but send nothing");
    put->add_option("--version", request->version,
                    "change it only when this is its version, as `rule list` shows it");
    put->callback([&line_run = line.run, &settings = line.settings, request] {
        line_run = [&settings, request] {
            return exit_code_of_rule(put_rule(settings, *request));
        };
    });
}

}  // namespace

void add_rule(CommandLine& line) {
    auto* command =
        line.app.add_subcommand("rule", "which events go to which queue or webhook");
    command->require_subcommand(1);
    command->fallthrough();

    auto* list = command->add_subcommand("list", "all of them, one JSON object a line");
    list->callback([&line_run = line.run, &settings = line.settings] {
        line_run = [&settings] { return exit_code_of_rule(list_rules(settings)); };
    });
    add_put(*command, line);
    auto name = std::make_shared<std::string>();
    auto* remove = command->add_subcommand("delete", "take one away");
    remove->add_option("NAME", *name)->required();
    remove->callback([&line_run = line.run, &settings = line.settings, name] {
        line_run = [&settings, name] {
            return exit_code_of_rule(delete_rule(settings, *name));
        };
    });
}

}  // namespace larmor
