#include <CLI/CLI.hpp>
#include <cstdio>

#include "larmor/command.h"

namespace larmor {

void add_version(CommandLine& line) {
    auto* command = line.app.add_subcommand("version", "print the version");
    command->callback([&run = line.run] {
        run = [] {
            std::puts("larmor " LARMOR_VERSION);
            return kDone;
        };
    });
}

}  // namespace larmor
