#pragma once
// Tools of Debian that a test asks: pydicom's interpreter, DCMTK, tar.
#include <cstdlib>
#include <string>

namespace larmor::test {

/// Runs a line of the shell and waits for its end: 0 where the command ended well.
inline int run_command(const std::string& line) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the tests set no signal handler
    return std::system(line.c_str());
}

}  // namespace larmor::test
