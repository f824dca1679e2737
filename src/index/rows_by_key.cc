#include "index/rows_by_key.h"

namespace larmor::index {

void count_drift(Drift& drift, const RowsByKey& is, const RowsByKey& should_be) {
    for (auto at = should_be.begin(); at != should_be.end();
         at = should_be.upper_bound(at->first)) {
        const std::size_t wanted = should_be.count(at->first);
        const std::size_t there = is.count(at->first);
        if (there < wanted) drift.missing += wanted - there;
        if (there == 1 && wanted == 1 && is.find(at->first)->second != at->second) {
            ++drift.different;
        }
    }
    for (auto at = is.begin(); at != is.end(); at = is.upper_bound(at->first)) {
        const std::size_t there = is.count(at->first);
        const std::size_t wanted = should_be.count(at->first);
        if (there > wanted) drift.extra += there - wanted;
    }
}

}  // namespace larmor::index
