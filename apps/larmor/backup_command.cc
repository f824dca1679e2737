#include <unistd.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "backup/backup.h"
#include "base/json_text.h"
#include "larmor/command.h"
#include "larmor/command_actor.h"
#include "larmor/import_report.h"
#include "larmor/running_server.h"
#include "library/open_database.h"
#include "library/open_store.h"
#include "library/record_act.h"
#include "library/restore_library.h"
#include "observe/log.h"

namespace larmor {
namespace {

/// A line for each damaged object, and on a terminal how far it is.
class CopyReport final : public backup::Observer {
public:
    bool copied(std::uint64_t files, std::uint64_t bytes) override {
        const auto now = std::chrono::steady_clock::now();
        if (shows_progress_ && now - shown_ > std::chrono::milliseconds(200)) {
            shown_ = now;
            std::fprintf(stderr, "\r\x1b[K%llu files, %.1f MB",
                         static_cast<unsigned long long>(files),
                         static_cast<double>(bytes) / 1e6);
        }
        return !should_stop_on_signal();
    }
    void damaged(const std::string& where, const std::string& what) override {
        clear();
        std::printf("error: %s: %s\n", where.c_str(), what.c_str());
    }
    void clear() const {
        if (shows_progress_) std::fputs("\r\x1b[K", stderr);
    }

private:
    const bool shows_progress_ = isatty(STDERR_FILENO) != 0;
    std::chrono::steady_clock::time_point shown_;
};

int close(const CopyReport& report, const char* what, const Result<backup::Summary>& done) {
    report.clear();
    if (!done) return fail_command(done.error());
    const auto number = [](std::uint64_t value) {
        return static_cast<unsigned long long>(value);
    };
    std::printf(
        "%s %lld: %llu instances, %llu objects; copied %llu files, %llu bytes; %llu damaged\n",
        what, static_cast<long long>(done->number), number(done->instances),
        number(done->objects), number(done->files_copied), number(done->bytes_copied),
        number(done->damaged));
    if (done->damaged == 0) return kDone;
    std::fputs("larmor: what is damaged is not in it; `larmor fsck` says more\n", stderr);
    return kFailed;
}

/// In the trail of whoever has the library open.
Result<void> announce(const RunningServer& server, const std::string& detail) {
    ServerApi api(server, std::chrono::seconds(30));
    const auto body = R"({"detail":)" + to_json_string(detail) + "}";
    const auto answer = api.call("POST", "/v1/exports", body);
    if (answer) return {};
    return fail(ErrorCode::Unavailable,
                "the server at " + server.name() +
                    " did not put the backup on record: " + answer.error().message);
}

/// Before anything of a patient leaves the library.
Result<void> put_on_record(const std::filesystem::path& library,
                           const std::filesystem::path& directory) {
    audit::Entry entry;
    entry.action = audit::Action::Export;
    entry.actor = command_actor();
    entry.route = "backup";
    entry.detail = "a backup to " + std::filesystem::absolute(directory).string();
    const auto recorded = record_act(library, entry);
    if (recorded || recorded.error().code != ErrorCode::Conflict) return recorded;
    const auto server = server_instead_of(recorded.error(), library);
    if (server) return announce(*server, entry.detail + " by " + entry.actor.id);
    // An import without a server has trail and library for itself.
    observe::log_warning("the backup is not on record", {{"reason", recorded.error().message}});
    return {};
}

int run_backup(const std::filesystem::path& library, const std::filesystem::path& directory) {
    if (const auto whole = check_rows_are_in(library); !whole) {
        return fail_command(whole.error());
    }
    if (const auto here = check_objects_are_in(library); !here) {
        return fail_command(here.error());
    }
    if (const auto recorded = put_on_record(library, directory); !recorded) {
        return fail_command(recorded.error());
    }
    CopyReport report;
    return close(report, "backup", backup::backup(library, directory, report));
}

/// A backup has the rows in a file of SQLite.
int refuse_database() {
    return fail_command(
        {ErrorCode::Unsupported,
         "a restored library has its rows in its folder: leave --db (LARMOR_DB) "
         "out"});
}

}  // namespace

void add_backup(CommandLine& line) {
    auto* command = line.app.add_subcommand("backup",
                                            "copy the library to DIR, also while a server has "
                                            "it open; again to the same DIR copies "
                                            "what it lacks");
    auto directory = std::make_shared<std::filesystem::path>();
    command->add_option("DIR", *directory, "made when missing")->required();
    command->callback([&line_run = line.run, &settings = line.settings, directory] {
        line_run = [&settings, directory] {
            stop_imports_on_signals();
            return run_backup(settings.library, *directory);
        };
    });
}

void add_restore(CommandLine& line) {
    auto* command = line.app.add_subcommand(
        "restore",
        "make a new library, --library, of the last complete backup in DIR; the folder must be "
        "missing or empty");
    auto directory = std::make_shared<std::filesystem::path>();
    command->add_option("DIR", *directory, "what `larmor backup` wrote")->required();
    auto keep_tokens = std::make_shared<bool>(false);
    command->add_flag("--keep-tokens", *keep_tokens,
                      "let the tokens of the backup work again, those too that were revoked "
                      "since it was made");
    command->callback([&line_run = line.run, &settings = line.settings, directory,
                       keep_tokens] {
        line_run = [&settings, directory, keep_tokens] {
            stop_imports_on_signals();
            if (!settings.database.empty()) return refuse_database();
            CopyReport report;
            const auto restored =
                restore_library(*directory, settings.library,
                                *keep_tokens ? RestoredTokens::Keep : RestoredTokens::Revoke,
                                command_actor(), report);
            const int code =
                close(report, "restored backup",
                      restored.map([](const Restored& done) { return done.copied; }));
            if (restored && restored->revoked > 0) {
                std::printf(
                    "%lld tokens and sessions of the backup were revoked: make new ones with "
                    "`larmor token create`\n",
                    static_cast<long long>(restored->revoked));
            }
            return code;
        };
    });
}

}  // namespace larmor
