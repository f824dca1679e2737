#pragma once
#include <string>
#include <vector>

#include "reassembly/plan/prices.h"
#include "reassembly/plan/workload.h"

namespace larmor::reassembly::plan {

/// A part of the work. Its hours are those of what takes longest, which `limited_by` names:
/// the rest goes on beside it.
struct Step {
    std::string_view name;
    double hours = 0;
    std::string_view limited_by;
};

/// One way to do the work, once the archives are readable. Prices are in the currency of the
/// prices.
struct Schedule {
    std::vector<Step> steps;  ///< one after the other
    double hours = 0;         ///< of all
    double machines_price = 0;
    double requests_price = 0;
    double storage_price = 0;  ///< of members that lie unpacked for as long as the work takes
    double price() const { return machines_price + requests_price + storage_price; }
};

/// A schedule behind a restore.
struct Finish {
    double hours = 0;  ///< from the request for the restore to the last instance
    double price = 0;  ///< restore, restored copies and work
    /// How long the first archive that was restored has to stay readable, at worst.
    double window_needed_hours = 0;
    bool outlasts_window = false;
};

struct TierPlan {
    std::string name;
    double ready_hours = 0;    ///< from the request until every archive is readable
    double restore_price = 0;  ///< of bytes and requests
    double copies_price = 0;   ///< of restored copies while they are readable
    double window_hours = 0;   ///< that a copy is readable; 0: for ever
    Finish one;
    Finish staged;
};

/// What one machine holds where, and what that costs in random reads.
struct Placement {
    std::uint64_t index_bytes = 0;  ///< that the index wants
    std::uint64_t spool_bytes = 0;
    bool index_in_memory = false;
    bool spool_in_memory = false;
    unsigned reads_per_instance = 0;
    double reads_hours = 0;
};

struct Plan {
    std::uint64_t output_bytes = 0;
    Placement placement;
    Schedule one;     ///< one machine, every byte of an archive read once
    Schedule staged;  ///< workers that unpack, match and fuse
    std::vector<TierPlan> tiers;
};

/// What a re-assembly takes and costs: arithmetic, no measurement. One machine begins when the
/// last archive is readable. Workers take from all queues, so that their steps add up. Leaves
/// out traffic to other places, disks, and keeping the output.
/// Errors: InvalidInput for a workload without instances or archives, or without workers;
/// LimitExceeded where the machine has too little memory.
Result<Plan> make_plan(const Workload& workload, const Prices& prices, unsigned workers);

}  // namespace larmor::reassembly::plan
