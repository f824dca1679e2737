#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "index/target.h"

namespace larmor::index {

/// The targets that this process keeps, by name (`mysql`). Filled before anybody reads it.
using Targets = std::map<std::string, std::shared_ptr<Target>, std::less<>>;

}  // namespace larmor::index
