#pragma once
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "db/sqlite/connection.h"
#include "db/transaction.h"

namespace larmor::db::sqlite {

/// Connections for reading, each used by one thread at a time.
class ReaderPool {
public:
    struct Limits {
        std::chrono::milliseconds held;  ///< of one snapshot
        std::chrono::milliseconds wait;  ///< for a free connection
    };
    ReaderPool(std::vector<std::unique_ptr<Connection>> connections, Limits limits);

    /// Runs `f` in a snapshot. Errors: Unavailable.
    Result<void> run(const std::function<void(Snapshot&)>& f);

private:
    class ReadSnapshot;
    struct Reader {
        std::unique_ptr<Connection> connection;
        std::chrono::steady_clock::time_point deadline;
    };
    static int on_progress(void* reader);
    Result<Reader*> take();
    void give_back(Reader* reader);

    const Limits limits_;
    std::vector<std::unique_ptr<Reader>> readers_;
    std::mutex mutex_;
    std::condition_variable freed_;
    std::vector<Reader*> free_;
};

}  // namespace larmor::db::sqlite
