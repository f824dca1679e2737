#pragma once
#include <memory>

// NOLINTNEXTLINE(readability-identifier-naming): the name that CLI11 gave it
namespace CLI {
class Config;
}

namespace larmor {

/// Reads a configuration file as TOML 1.0: keys are the names of options without their dashes,
/// tables are commands (`[serve]` holds the options of `larmor serve`). Flags win over
/// LARMOR_* in the environment, and that over the file; a key that names no option is an error.
std::shared_ptr<CLI::Config> toml_config();

}  // namespace larmor
