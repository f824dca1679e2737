#pragma once
#include <memory>
#include <string>

#include "index/targets.h"
#include "library/core.h"

namespace larmor {

/// What keeps one target of the index equal to the catalog in this process: rule and queue
/// `index-<name>`, and a pool.
class IndexWork {
public:
    struct Options {
        std::string name;  ///< of the target: `mysql`
        std::size_t batch_max = 40;
        std::size_t concurrency_max = 4;  ///< documents at a time, up to 100
    };
    /// Says in the log which targets are fed by a rule and not kept by this process (`kept`),
    /// whose queues grow until somebody else keeps them or they are removed.
    static void warn_of_others(Core& core, const index::Targets& kept);
    /// Makes rule and queue where they are missing; then all image sets that are there already
    /// are applied too. `core` must outlive it. Errors: those of the database.
    static Result<std::unique_ptr<IndexWork>> start(Core& core,
                                                    std::shared_ptr<index::Target> target,
                                                    const Options& options);
    /// Receives no more, gives what runs some seconds to end, and gives back the rest.
    ~IndexWork();

private:
    struct Parts;
    explicit IndexWork(std::unique_ptr<Parts> parts);
    std::unique_ptr<Parts> parts_;
};

}  // namespace larmor
