#include "larmor/command.h"

#include <cstdio>

namespace larmor {

int fail_command(const Error& error) {
    std::fprintf(stderr, "larmor: %s\n", error.message.c_str());
    return kFailed;
}

}  // namespace larmor
