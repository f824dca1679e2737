#pragma once
#include <functional>
#include <future>
#include <mutex>

#include "base/result.h"

namespace larmor::reassembly::run {

/// Begins to make small files durable while others are written, so that little is left for the
/// sync that is waited for. One sync of many files takes half of the processor's time that a
/// sync_file_range(2) of each does: they lie beside each other on the disk. Safe from any
/// thread.
class EarlySync {
public:
    explicit EarlySync(std::function<Result<void>()> sync) : sync_(std::move(sync)) {}

    /// So many bytes were written, which no sync has seen.
    void wrote(std::uint64_t size_bytes);
    /// Makes durable what was written until now. Errors: those of the sync, of an early one
    /// too.
    Result<void> finish();
    /// Waits for an early one, and says whether all of them went well: for who syncs next.
    Result<void> wait();

private:
    static constexpr std::uint64_t kEveryBytes = 64 << 20;

    std::function<Result<void>()> sync_;
    std::mutex mutex_;         ///< over all below
    std::uint64_t bytes_ = 0;  ///< since the last one began
    std::future<Result<void>> under_way_;
    std::optional<Error> failed_;
};

}  // namespace larmor::reassembly::run
