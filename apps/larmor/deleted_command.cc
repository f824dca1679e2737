#include <CLI/CLI.hpp>
#include <cstdio>

#include "larmor/command.h"
#include "larmor/deletion_service.h"

namespace larmor {
namespace {

Result<void> list_deleted(const Settings& settings) {
    TRY(const auto deletions, open_deletion_service(settings));
    TRY(const auto lines, deletions->list());
    std::printf("%-32s  %-24s  %-24s  %9s  %s\n", "id", "deleted", "kept until", "instances",
                "what");
    for (const auto& line : lines) {
        std::string what = "study " + line.study_instance_uid;
        if (!line.series_instance_uid.empty()) what = "series " + line.series_instance_uid;
        if (!line.sop_instance_uid.empty()) what = "instance " + line.sop_instance_uid;
        std::printf("%-32s  %-24s  %-24s  %9lld  %s\n", line.id.c_str(), line.deleted.c_str(),
                    line.expires.c_str(), static_cast<long long>(line.instances), what.c_str());
    }
    return {};
}

Result<void> recover_deleted(const Settings& settings, const std::string& id) {
    TRY(const auto deletions, open_deletion_service(settings));
    TRY(const auto recovered, deletions->recover(id));
    std::printf("%lld instances recovered\n", static_cast<long long>(recovered.recovered));
    if (recovered.kept > 0) {
        std::printf("%lld instances were stored again since and stay deleted\n",
                    static_cast<long long>(recovered.kept));
    }
    return {};
}

Result<void> purge_deleted(const Settings& settings, const std::string& id) {
    TRY(const auto deletions, open_deletion_service(settings));
    return deletions->purge(id);
}

int exit_code_of(const Result<void>& done) {
    return done ? kDone : fail_command(done.error());
}

}  // namespace

void add_deleted(CommandLine& line) {
    auto* command =
        line.app.add_subcommand("deleted", "what was deleted and can still be recovered");
    command->require_subcommand(1);
    command->fallthrough();

    auto* list_command = command->add_subcommand("list", "all of it, latest first");
    list_command->callback([&line_run = line.run, &settings = line.settings] {
        line_run = [&settings] { return exit_code_of(list_deleted(settings)); };
    });

    const auto with_id = [&](const char* name, const char* help,
                             Result<void> (*act)(const Settings&, const std::string&)) {
        auto id = std::make_shared<std::string>();
        auto* one = command->add_subcommand(name, help);
        one->add_option("ID", *id, "as `deleted list` shows it")->required();
        one->callback([&line_run = line.run, &settings = line.settings, id, act] {
            line_run = [&settings, id, act] { return exit_code_of(act(settings, *id)); };
        });
    };
    with_id("recover", "make it as it was", recover_deleted);
    with_id("purge", "remove it for good now, not when its time is up", purge_deleted);
}

}  // namespace larmor
