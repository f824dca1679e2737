#include "larmor/command_actor.h"

#include <pwd.h>
#include <unistd.h>

#include <array>

namespace larmor {

audit::Actor command_actor() {
    const auto user = ::getuid();
    audit::Actor actor;
    actor.id = "uid:" + std::to_string(user);
    actor.via = "command";
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 4096> text{};
    if (::getpwuid_r(user, &entry, text.data(), text.size(), &found) == 0 && found != nullptr) {
        actor.name = found->pw_name;
    }
    return actor;
}

}  // namespace larmor
