#include "index/rows_by_key.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <vector>

namespace larmor::index {
namespace {

/// How many rows of each key `wanted` has and `rows` has not.
std::map<std::string, std::size_t> count_lacking(const RowsByKey& rows,
                                                 const RowsByKey& wanted) {
    std::vector<RowsByKey::value_type> lacking;
    std::ranges::set_difference(wanted, rows, std::back_inserter(lacking));
    std::map<std::string, std::size_t> by_key;
    for (const auto& [key, text] : lacking) ++by_key[key];
    return by_key;
}

}  // namespace

void count_drift(Drift& drift, const RowsByKey& is, const RowsByKey& should_be) {
    auto too_many = count_lacking(should_be, is);
    for (const auto& [key, lacking] : count_lacking(is, should_be)) {
        std::size_t& others = too_many[key];
        const std::size_t different = std::min(lacking, others);
        drift.different += different;
        drift.missing += lacking - different;
        others -= different;
    }
    for (const auto& [key, rows] : too_many) drift.extra += rows;
}

}  // namespace larmor::index
