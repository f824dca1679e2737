#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace larmor {

/// What every command takes.
struct Settings {
    std::filesystem::path library = "larmor-library";
    std::string database;  ///< URL of PostgreSQL; empty: the rows are in the library's folder
    std::string log_format = "text";
    std::string log_level = "info";
};

struct ServeRequest;

/// The same command line, with environment and configuration file as they are now.
struct ReadAgain {
    Settings settings;
    std::shared_ptr<const ServeRequest> serve;
};

/// The command line as it is put together: each command adds itself to `app` and sets `run`
/// when it was the one that the user named. `run` returns the exit code.
struct CommandLine {
    CLI::App& app;
    Settings& settings;
    std::function<int()>& run;
    std::shared_ptr<const ServeRequest>& serve;  ///< of `larmor serve`
    /// Reads it again, while `run` goes on. Errors: InvalidInput, with what is wrong in it.
    const std::function<Result<ReadAgain>()>& read_again;
};

inline constexpr int kDone = 0, kFailed = 1, kWrongUsage = 2;

/// Errors: InvalidInput for a format or level that there is not.
Result<void> configure_log(const Settings& settings);

/// Writes `larmor: <message>` to standard error; returns kFailed.
int fail_command(const Error& error);

void add_audit(CommandLine& line);
void add_backup(CommandLine& line);
void add_bench(CommandLine& line);
void add_compact(CommandLine& line);
void add_deleted(CommandLine& line);
void add_dump(CommandLine& line);
void add_events(CommandLine& line);
void add_fsck(CommandLine& line);
void add_import(CommandLine& line);
void add_index(CommandLine& line);
void add_queue(CommandLine& line);
void add_job(CommandLine& line);
void add_plan(CommandLine& line);
void add_reassemble(CommandLine& line);
void add_restore(CommandLine& line);
void add_rule(CommandLine& line);
void add_send(CommandLine& line);
void add_serve(CommandLine& line);
void add_split(CommandLine& line);
void add_token(CommandLine& line);
void add_version(CommandLine& line);

}  // namespace larmor
