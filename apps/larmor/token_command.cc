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

Result<void> create(const Settings& settings, CredentialKind kind,
                    const CreateRequest& request) {
    TRY(const auto tokens, open_token_service(settings, kind));
    TRY(const auto token, tokens->create(request.name, request.role, request.lifetime));
    // What a program takes alone on standard output, so that `TOKEN=$(larmor token create)`
    // works, and `eval "$(larmor access-key create)"` too.
    const bool is_token = kind == CredentialKind::Token;
    std::fprintf(stderr, "%s %s: role %s, expires %s; its secret is shown this once\n",
                 is_token ? "token" : "access key", token.row.id.c_str(),
                 token.row.role.c_str(), token.row.expires.c_str());
    if (is_token) {
        std::printf("%s\n", token.secret.c_str());
    } else {
        std::printf("export AWS_ACCESS_KEY_ID=%s\nexport AWS_SECRET_ACCESS_KEY=%s\n",
                    token.row.id.c_str(), token.secret.c_str());
    }
    return {};
}

Result<void> list(const Settings& settings, CredentialKind kind) {
    TRY(const auto tokens, open_token_service(settings, kind));
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

Result<void> revoke(const Settings& settings, CredentialKind kind, const std::string& id) {
    TRY(const auto tokens, open_token_service(settings, kind));
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

/// How the commands of a kind are named and explained.
struct Words {
    CredentialKind kind;
    const char* command;
    const char* about;
    const char* list;
    const char* revoke;
};

void add_commands(CommandLine& line, const Words& words) {
    auto* command = line.app.add_subcommand(words.command, words.about);
    command->require_subcommand(1);
    command->fallthrough();
    const CredentialKind kind = words.kind;

    auto request = std::make_shared<CreateRequest>();
    auto* create_command = command->add_subcommand("create", "make one and print it");
    create_command->add_option("--name", request->name, "who it is for")->capture_default_str();
    create_command->add_option("--role", request->role, role_names())->capture_default_str();
    create_command->add_option("--expires", request->lifetime, "30d, 12h, 45m, 90s")
        ->capture_default_str();
    create_command->callback([&line_run = line.run, &settings = line.settings, request, kind] {
        line_run = [&settings, request, kind] {
            return exit_code(create(settings, kind, *request));
        };
    });

    auto* list_command = command->add_subcommand("list", words.list);
    list_command->callback([&line_run = line.run, &settings = line.settings, kind] {
        line_run = [&settings, kind] { return exit_code(list(settings, kind)); };
    });

    auto id = std::make_shared<std::string>();
    auto* revoke_command = command->add_subcommand("revoke", words.revoke);
    revoke_command->add_option("ID", *id, "as `list` shows it")->required();
    revoke_command->callback([&line_run = line.run, &settings = line.settings, id, kind] {
        line_run = [&settings, id, kind] { return exit_code(revoke(settings, kind, *id)); };
    });
}

}  // namespace

void add_token(CommandLine& line) {
    add_commands(line, {.kind = CredentialKind::Token,
                        .command = "token",
                        .about = "bearer tokens for clients of the server",
                        .list = "all tokens, with those that ended in the last 30 days",
                        .revoke = "end one, and the sessions made with it"});
    add_commands(line, {.kind = CredentialKind::AccessKey,
                        .command = "access-key",
                        .about = "access keys, with which clients of AWS sign their requests",
                        .list = "all access keys, with those that ended in the last 30 days",
                        .revoke = "end one"});
}

}  // namespace larmor
