#pragma once
#include "async/bell.h"
#include "jobs/kind.h"
#include "queue/queue.h"

namespace larmor::jobs {

/// What whoever makes, follows or works on jobs stands on.
struct Service {
    const Jobs& jobs;
    const Kinds& kinds;
    queue::Queue& queue;  ///< kJobQueue
    async::Bell& bell;    ///< rings with the id of a job that has changed
};

}  // namespace larmor::jobs
