#pragma once
#include <filesystem>
#include <vector>

namespace larmor {

struct ImportArguments {
    std::filesystem::path library;
    std::vector<std::filesystem::path> paths;
    bool json = false;        ///< one JSON object a line on standard output, the summary last
    bool keep_going = false;  ///< rejected files do not make the command fail
};

/// `larmor import PATH...`: into the library, or through the server that has it open. Shows
/// progress on a terminal. Returns the exit code: 0 when nothing was rejected (or
/// --keep-going), 1 otherwise, 130 when it was interrupted; what was imported until then is
/// durable.
int run_import(const ImportArguments& arguments);

}  // namespace larmor
