#include "larmor/command.h"

#include <cstdio>

#include "observe/log.h"

namespace larmor {

Result<void> configure_log(const Settings& settings) {
    TRY(const auto format, observe::parse_log_format(settings.log_format));
    TRY(const auto level, observe::parse_log_level(settings.log_level));
    observe::configure_log({.format = format, .level = level});
    return {};
}

int fail_command(const Error& error) {
    std::fprintf(stderr, "larmor: %s\n", error.message.c_str());
    return kFailed;
}

}  // namespace larmor
