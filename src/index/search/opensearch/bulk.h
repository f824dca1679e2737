#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "index/search/opensearch/requester.h"
#include "index/target.h"

namespace larmor::index::search::opensearch {

/// Writes documents, those of all threads that wait in one request: while one is on its way,
/// the next gathers. Safe from any thread.
class Bulk {
public:
    explicit Bulk(Requester& requester) : requester_(requester) {}

    struct Item {
        std::string id;
        std::int64_t version = 0;  ///< the engine keeps the document of the highest
        std::string document;
    };
    /// Blocks until the engine has it. Errors: Unavailable; InvalidInput with the status and
    /// kind of error where it does not take this document.
    Result<Target::Applied> put(Item item);

private:
    struct Waiting {
        Item item;
        bool is_done = false;
        Result<Target::Applied> outcome = Target::Applied::Written;
    };
    void send(const std::vector<Waiting*>& batch);

    Requester& requester_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Waiting*> queue_;
    bool is_sending_ = false;
};

}  // namespace larmor::index::search::opensearch
