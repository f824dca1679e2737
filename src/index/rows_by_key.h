#pragma once
#include <map>
#include <string>

#include "index/target.h"

namespace larmor::index {

/// Rows of one table of a study by their key, each as its digest or as all that it says: what
/// is equal here is equal there.
using RowsByKey = std::multimap<std::string, std::string>;

/// Counts what `is` lacks and has too much of what should be there, and the rows of a key that
/// is there once, as it should be, and says something else.
void count_drift(Drift& drift, const RowsByKey& is, const RowsByKey& should_be);

}  // namespace larmor::index
