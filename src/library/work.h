#pragma once
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/current.h"
#include "library/core.h"

namespace larmor {

/// Who works on the queues of a library in this process, one pool a queue: preprocessing and
/// webhooks.
class Work {
public:
    struct Options {
        /// Keys that sign what goes to webhooks; none: unsigned.
        std::shared_ptr<const Current<std::vector<ByteBuffer>>> webhook_secrets =
            std::make_shared<const Current<std::vector<ByteBuffer>>>();
    };
    /// Starts all pools. `core` must outlive it. Errors: those of the database.
    static Result<std::unique_ptr<Work>> start(Core& core, const Options& options);
    /// Receives no more, gives what runs some seconds to end, and gives back the rest.
    ~Work();

private:
    struct Pools;
    explicit Work(std::unique_ptr<Pools> pools);
    std::unique_ptr<Pools> pools_;
};

}  // namespace larmor
