#pragma once
#include <memory>

#include "library/library.h"

namespace larmor {

/// Who works on the jobs of a library: in the process that serves, since they import what is on
/// its disk and put it on record in its trail.
class JobWork {
public:
    /// Starts the pool, and what looks after jobs. `library` must outlive it. Errors: those of
    /// the database.
    static Result<std::unique_ptr<JobWork>> start(Library& library);
    /// Receives no more; jobs that run record where they are, and go on in the next process.
    ~JobWork();

private:
    struct Pool;
    explicit JobWork(std::unique_ptr<Pool> pool);
    std::unique_ptr<Pool> pool_;
};

}  // namespace larmor
