#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "db/postgres/connection.h"
#include "db/transaction.h"

namespace larmor::db::postgres {

/// Connections for reading, each used by one thread at a time; opened when first needed, and
/// again when the server has ended them.
class ReaderPool {
public:
    struct Limits {
        std::size_t connections = 0;
        std::chrono::milliseconds held{0};  ///< of one snapshot
        std::chrono::milliseconds wait{0};  ///< for a free connection, and for the server
    };
    ReaderPool(Connection::Settings settings, Limits limits);

    /// Runs `f` in a snapshot. Errors: Unavailable.
    Result<void> run(const std::function<void(Snapshot&)>& f);

private:
    class ReadSnapshot;
    using Slot = std::unique_ptr<Connection>;
    Result<Slot*> take(std::chrono::steady_clock::time_point until);
    void give_back(Slot* slot);
    Result<void> connect(Slot& slot, std::chrono::steady_clock::time_point until);

    const Connection::Settings settings_;
    const Limits limits_;
    std::vector<Slot> slots_;
    std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<Slot*> free_;
};

}  // namespace larmor::db::postgres
