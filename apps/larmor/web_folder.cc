#include "larmor/web_folder.h"

#include <system_error>

namespace larmor {

std::optional<std::filesystem::path> find_web_folder() {
    std::error_code error;
    const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) {
        return std::nullopt;
    }
    // bin/larmor of an installation; build/release/larmor and build/ci/bin/larmor of a
    // checkout.
    const auto bin = program.parent_path();
    for (const auto& folder :
         {bin / "../share/larmor/web", bin / "../../web/dist", bin / "../../../web/dist"}) {
        if (std::filesystem::exists(folder / "index.html", error)) {
            return folder.lexically_normal();
        }
    }
    return std::nullopt;
}

}  // namespace larmor
