#pragma once
#include <filesystem>
#include <functional>
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

/// The command line as it is put together: each command adds itself to `app` and sets `run`
/// when it was the one that the user named. `run` returns the exit code.
struct CommandLine {
    CLI::App& app;
    Settings& settings;
    std::function<int()>& run;
};

inline constexpr int kDone = 0, kFailed = 1, kWrongUsage = 2;

/// Writes `larmor: <message>` to standard error; returns kFailed.
int fail_command(const Error& error);

void add_audit(CommandLine& line);
void add_backup(CommandLine& line);
void add_compact(CommandLine& line);
void add_deleted(CommandLine& line);
void add_dump(CommandLine& line);
void add_events(CommandLine& line);
void add_fsck(CommandLine& line);
void add_import(CommandLine& line);
void add_restore(CommandLine& line);
void add_rule(CommandLine& line);
void add_send(CommandLine& line);
void add_serve(CommandLine& line);
void add_token(CommandLine& line);
void add_version(CommandLine& line);

}  // namespace larmor
