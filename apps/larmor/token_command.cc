#include <CLI/CLI.hpp>
#include <cstdio>

#include "auth/role.h"
#include "larmor/command.h"
#include "larmor/token_service.h"

namespace larmor {
namespace {

struct CreateRequest {
    std::string name = "command line";
    std::string role = "reader";
    std::string lifetime = "30d";
};

Result<void> create(const Settings& settings, const CreateRequest& request) {
    TRY(const auto tokens, open_token_service(settings));
    TRY(const auto token, tokens->create(request.name, request.role, request.lifetime));
    // The secret alone on standard output, so that `TOKEN=$(larmor token create)` works.
    std::fprintf(stderr, "token %s: role %s, expires %s; it is shown this once\n",
                 token.row.id.c_str(), token.row.role.c_str(), token.row.expires.c_str());
    std::printf("%s\n", token.secret.c_str());
    return {};
}

Result<void> list(const Settings& settings) {
    TRY(const auto tokens, open_token_service(settings));
    TRY(const auto rows, tokens->list());
    std::printf("%-32s  %-8s  %-24s  %-24s  %-24s  %s\n", "id", "role", "created", "expires",
                "revoked", "name");
    for (const auto& row : rows) {
        std::printf("%-32s  %-8s  %-24s  %-24s  %-24s  %s\n", row.id.c_str(), row.role.c_str(),
                    row.created.c_str(), row.expires.c_str(),
                    row.revoked.empty() ? "-" : row.revoked.c_str(), row.name.c_str());
    }
    return {};
}

Result<void> revoke(const Settings& settings, const std::string& id) {
    TRY(const auto tokens, open_token_service(settings));
    return tokens->revoke(id);
}

int exit_code(const Result<void>& done) {
    return done ? kDone : fail_command(done.error());
}

std::string role_names() {
    std::string names;
    for (const auto role : auth::kRoles) {
        names += (names.empty() ? "" : ", ") + std::string(auth::name_of(role));
    }
    return names;
}

}  // namespace

void add_token(CommandLine& line) {
    auto* command = line.app.add_subcommand("token", "bearer tokens for clients of the server");
    command->require_subcommand(1);
    command->fallthrough();

    auto request = std::make_shared<CreateRequest>();
    auto* create_command = command->add_subcommand("create", "make one and print it");
    create_command->add_option("--name", request->name, "who it is for")->capture_default_str();
    create_command->add_option("--role", request->role, role_names())->capture_default_str();
    create_command->add_option("--expires", request->lifetime, "30d, 12h, 45m, 90s")
        ->capture_default_str();
    create_command->callback([&line_run = line.run, &settings = line.settings, request] {
        line_run = [&settings, request] { return exit_code(create(settings, *request)); };
    });

    auto* list_command = command->add_subcommand(
        "list", "all tokens, with those that ended in the last 30 days");
    list_command->callback([&line_run = line.run, &settings = line.settings] {
        line_run = [&settings] { return exit_code(list(settings)); };
    });

    auto id = std::make_shared<std::string>();
    auto* revoke_command =
        command->add_subcommand("revoke", "end one, and the sessions made with it");
    revoke_command->add_option("ID", *id, "as `token list` shows it")->required();
    revoke_command->callback([&line_run = line.run, &settings = line.settings, id] {
        line_run = [&settings, id] { return exit_code(revoke(settings, *id)); };
    });
}

}  // namespace larmor
