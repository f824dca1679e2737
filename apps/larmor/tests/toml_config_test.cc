#include "larmor/toml_config.h"

#include <CLI/CLI.hpp>
#include <fstream>

#include "base/ids.h"

namespace larmor {
namespace {

/// The options of a small program that reads `text` as its configuration file.
struct Program {
    explicit Program(const std::string& text) {
        app.set_config("--config", file, "");
        app.config_formatter(toml_config());
        app.allow_config_extras(CLI::config_extras_mode::error);
        app.add_option("--library", library)->envname("LARMOR_LIBRARY");
        auto* serve = app.add_subcommand("serve", "");
        serve->add_option("--port", port);
        serve->add_option("--auth", auth);
        app.fallthrough();
        std::ofstream(file) << text;
    }
    ~Program() { std::remove(file.c_str()); }
    void parse(std::vector<std::string> arguments) {
        std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants it
        app.parse(arguments);
    }

    std::string file = testing::TempDir() + random_id() + ".toml";
    CLI::App app;
    std::string library = "default", auth = "on";
    int port = 1;
};

TEST(TomlConfig, GivesOptionsAndThoseOfCommands) {
    Program program(
        "library = \"/srv/larmor\"\n[serve]\nport = 0x1092 # TOML's own form\nauth = 'off'\n");
    program.parse({"serve"});
    EXPECT_EQ(program.library, "/srv/larmor");
    EXPECT_EQ(program.port, 4242);
    EXPECT_EQ(program.auth, "off");
}

TEST(TomlConfig, LosesAgainstEnvironmentAndFlags) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    setenv("LARMOR_LIBRARY", "/from/environment", 1);
    Program program("library = \"/from/file\"\n[serve]\nport = 2\n");
    program.parse({"serve", "--port", "3"});
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
    unsetenv("LARMOR_LIBRARY");
    EXPECT_EQ(program.library, "/from/environment");
    EXPECT_EQ(program.port, 3);
}

TEST(TomlConfig, RefusesKeysThatAreNoOption) {
    Program program("libary = \"x\"\n");
    EXPECT_THROW(program.parse({"serve"}), CLI::ConfigError);
}

TEST(TomlConfig, SaysOnWhichLineTheTomlIsWrong) {
    Program program("library = \"x\"\n[serve\n");
    try {
        program.parse({"serve"});
        FAIL() << "accepted";
    } catch (const CLI::ConfigError& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr("line 2"));
    }
}

}  // namespace
}  // namespace larmor
