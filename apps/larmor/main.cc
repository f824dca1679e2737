#include <CLI/CLI.hpp>
#include <cstdio>

#include "larmor/command.h"
#include "larmor/toml_config.h"
#include "observe/log.h"

namespace larmor {

namespace {

Result<void> configure_log(const Settings& settings) {
    TRY(const auto format, observe::parse_log_format(settings.log_format));
    TRY(const auto level, observe::parse_log_level(settings.log_level));
    observe::configure_log({.format = format, .level = level});
    return {};
}

void add_settings(CLI::App& app, Settings& settings) {
    app.set_config("--config", "larmor.toml", "configuration file (TOML)")
        ->envname("LARMOR_CONFIG");
    app.config_formatter(toml_config());
    app.allow_config_extras(CLI::config_extras_mode::error);
    app.add_option("--library", settings.library, "folder of the library; made when missing")
        ->envname("LARMOR_LIBRARY")
        ->capture_default_str();
    app.add_option("--db", settings.database,
                   "where its rows are, as postgres://host/name: in a database of PostgreSQL "
                   "instead of its folder")
        ->envname("LARMOR_DB");
    app.add_option("--log", settings.log_format, "text or json (one object a line)")
        ->envname("LARMOR_LOG")
        ->capture_default_str();
    app.add_option("--log-level", settings.log_level, "debug, info, warning, error or off")
        ->envname("LARMOR_LOG_LEVEL")
        ->capture_default_str();
}

int run(int argc, char** argv) {
    CLI::App app("Larmor: DICOM in, durable, and out again by DICOMweb");
    Settings settings;
    std::function<int()> chosen;
    add_settings(app, settings);
    app.require_subcommand(1);
    app.fallthrough();  // `larmor import --library x` as well as `larmor --library x import`
    CommandLine line{app, settings, chosen};
    add_import(line);
    add_send(line);
    add_serve(line);
    add_deleted(line);
    add_dump(line);
    add_fsck(line);
    add_audit(line);
    add_backup(line);
    add_compact(line);
    add_restore(line);
    add_events(line);
    add_rule(line);
    add_token(line);
    add_version(line);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? kDone : kWrongUsage;
    }
    if (const auto configured = configure_log(settings); !configured) {
        fail_command(configured.error());
        return kWrongUsage;
    }
    return chosen();
}

}  // namespace
}  // namespace larmor

int main(int argc, char** argv) {
    try {
        return larmor::run(argc, argv);
    } catch (const std::exception& error) {
        // Nothing of ours throws for what can be expected: this is out of memory, or a defect.
        std::fprintf(stderr, "larmor: %s\n", error.what());
        return larmor::kFailed;
    }
}
