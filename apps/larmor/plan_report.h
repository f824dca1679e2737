#pragma once
#include <string>

#include "reassembly/plan/plan.h"

namespace larmor {

/// What a plan was made of, for those who read it.
struct PlanQuestion {
    reassembly::plan::Workload workload;
    reassembly::plan::Prices prices;
    std::string prices_from;  ///< a file, or `built in`
    unsigned workers = 0;
};

/// Tables for a person: sizes in GB and TB of powers of ten, times in hours.
std::string plan_text(const PlanQuestion& question, const reassembly::plan::Plan& plan);

/// One JSON object, whose names have their units; prices are in `currency`.
std::string plan_json(const PlanQuestion& question, const reassembly::plan::Plan& plan);

}  // namespace larmor
