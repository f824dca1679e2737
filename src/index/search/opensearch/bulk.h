#pragma once
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "index/search/opensearch/requester.h"
#include "index/target.h"

namespace larmor::index::search::opensearch {

/// Writes and removes documents, those of all threads that wait in one request: while one is on
/// its way, the next gathers. Safe from any thread.
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
    /// The same until the engine has no document of that id; also where it had none. Older, and
    /// nothing done: what is there is of a higher version.
    Result<Target::Applied> remove(std::string id, std::int64_t version);

    /// Sends once more what the engine refused last for reasons of its own (a block of writes,
    /// a full disk or queue), which it does also while it answers to all else. Nothing where it
    /// took something since. Errors: Unavailable.
    Result<void> retry_refused();

private:
    struct Waiting {
        std::string_view action;  ///< as the engine names it
        Item item;                ///< without a document where that is removed
        bool is_done = false;
        Result<Target::Applied> outcome = Target::Applied::Written;
    };
    Result<Target::Applied> wait_for(Waiting mine);
    void note_refused(const Waiting& one);
    void send(const std::vector<Waiting*>& batch);

    Requester& requester_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Waiting*> queue_;
    std::optional<Waiting> refused_;
    bool is_sending_ = false;
};

}  // namespace larmor::index::search::opensearch
