#pragma once
#include <set>
#include <string>
#include <utility>

#include "index/target.h"

namespace larmor::index {

/// Rows of one table of a study: the key of each and its digest, or all that it says. What is
/// equal here is equal there, in whatever order rows of one key were read.
using RowsByKey = std::multiset<std::pair<std::string, std::string>>;

/// Counts the rows that only one of both has, key by key: those that are missing on one side
/// and too many on the other are rows that say something else.
void count_drift(Drift& drift, const RowsByKey& is, const RowsByKey& should_be);

}  // namespace larmor::index
