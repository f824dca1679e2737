#include <CLI/CLI.hpp>
#include <cstdio>

#include "larmor/command.h"
#include "larmor/toml_config.h"

namespace larmor {
namespace {

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

/// What is read of the command line, its environment and its configuration file.
class Program {
public:
    Program(int argc, char** argv) : argc_(argc), argv_(argv) {
        add_settings(app_, settings_);
        app_.require_subcommand(1);
        app_.fallthrough();  // `larmor import --library x` as well as `larmor --library x
                             // import`
        add_import(line_);
        add_send(line_);
        add_serve(line_);
        add_split(line_);
        add_deleted(line_);
        add_dump(line_);
        add_fsck(line_);
        add_audit(line_);
        add_backup(line_);
        add_bench(line_);
        add_compact(line_);
        add_plan(line_);
        add_reassemble(line_);
        add_restore(line_);
        add_events(line_);
        add_job(line_);
        add_rule(line_);
        add_index(line_);
        add_queue(line_);
        add_token(line_);
        add_version(line_);
    }
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    /// Throws CLI::ParseError.
    void parse() { app_.parse(argc_, argv_); }
    int explain(const CLI::ParseError& error) { return app_.exit(error); }
    int run() {
        if (const auto configured = configure_log(settings_); !configured) {
            fail_command(configured.error());
            return kWrongUsage;
        }
        return chosen_();
    }

private:
    Result<ReadAgain> read_again() const {
        Program again(argc_, argv_);
        try {
            again.parse();
        } catch (const CLI::ParseError& error) {
            return fail(ErrorCode::InvalidInput, error.what());
        }
        return ReadAgain{again.settings_, again.serve_};
    }

    const int argc_;
    char** const argv_;
    CLI::App app_{"Larmor: DICOM in, durable, and out again by DICOMweb"};
    Settings settings_;
    std::function<int()> chosen_;
    std::shared_ptr<const ServeRequest> serve_;
    const std::function<Result<ReadAgain>()> read_again_ = [this] { return read_again(); };
    CommandLine line_{app_, settings_, chosen_, serve_, read_again_};
};

int run(int argc, char** argv) {
    Program program(argc, argv);
    try {
        program.parse();
    } catch (const CLI::ParseError& error) {
        return program.explain(error) == 0 ? kDone : kWrongUsage;
    }
    return program.run();
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
