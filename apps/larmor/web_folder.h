#pragma once
#include <filesystem>
#include <optional>

namespace larmor {

/// The built page that belongs to this program: `share/larmor/web` of an installation, or
/// `web/dist` of the checkout that it was built in. Nothing where there is none.
std::optional<std::filesystem::path> find_web_folder();

}  // namespace larmor
