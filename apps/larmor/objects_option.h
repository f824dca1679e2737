#pragma once
#include <string>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace larmor {

/// `--objects`, for commands that may make a library.
void add_objects_option(CLI::App& command, std::string& address);

}  // namespace larmor
