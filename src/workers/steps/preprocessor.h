#pragma once
#include <memory>

#include "admission/admission.h"
#include "preprocess/arrivals.h"
#include "workers/run_gate.h"
#include "workers/steps/prepare_instances.h"

namespace larmor::workers {

/// Works on the queue of what is to be prepared, in the background: a pool over
/// PrepareInstances. Below the low-water mark of the disk and read-only it receives nothing,
/// and while instances arrive only a little. Safe from any thread.
class Preprocessor {
public:
    struct Services {
        PrepareInstances::Services step;
        admission::Admission& admission;
        RunGate& gate;
        const preprocess::Arrivals& arrivals;
    };
    explicit Preprocessor(const Services& services);
    /// Stops first.
    ~Preprocessor();

    /// Once: asks for what is left (preprocess::request_what_is_left), then begins. Blocks.
    /// Errors: those of the database, and then it has not begun.
    Result<void> start();
    /// Gives back what is not started, ends the steps at hand.
    void stop();
    /// Waits until the queue is empty (for imports that end with their process, and for tests).
    /// Blocks. Errors: Unavailable when stopped before; NoSpace when the disk is full, short of
    /// space or read-only: what is pending waits.
    Result<void> wait_until_idle();

private:
    struct Core;
    std::unique_ptr<Core> core_;
};

}  // namespace larmor::workers
