#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "larmor/command.h"

namespace larmor {

/// The queues of a library; answers and bodies are the JSON of /v1/queues.
class QueueService {
public:
    virtual ~QueueService() = default;
    virtual Result<std::string> list() = 0;
    /// Errors: NotFound.
    virtual Result<std::string> show(const std::string& name) = 0;
    /// The first 100. Errors: NotFound.
    virtual Result<std::string> dead_letters(const std::string& name) = 0;
    /// Gives the queue. Errors: InvalidInput, Conflict.
    virtual Result<std::string> put(const std::string& name, const std::string& body) = 0;
    /// How many dead letters were sent anew. Errors: NotFound, InvalidInput.
    virtual Result<std::int64_t> redrive(const std::string& name, const std::string& body) = 0;
    /// How many messages or dead letters were removed. Errors: NotFound.
    virtual Result<std::int64_t> purge(const std::string& name, const std::string& body) = 0;
};

/// Opens the library itself; where a server has it open, goes through that server.
Result<std::unique_ptr<QueueService>> open_queue_service(const Settings& settings);

}  // namespace larmor
