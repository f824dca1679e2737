#pragma once
#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): the library's
class App;
}

namespace larmor {

/// `--objects`, for commands that may make a library.
void add_objects_option(CLI::App& command, std::string& address);
/// `--import-s3`: see LibraryOptions::import_places.
void add_import_places_option(CLI::App& command, std::vector<std::string>& addresses);

}  // namespace larmor
