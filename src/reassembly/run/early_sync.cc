#include "reassembly/run/early_sync.h"

#include <chrono>

namespace larmor::reassembly::run {

void EarlySync::wrote(std::uint64_t size_bytes) {
    const std::scoped_lock lock(mutex_);
    bytes_ += size_bytes;
    if (bytes_ < kEveryBytes) return;
    if (under_way_.valid()) {
        if (under_way_.wait_for(std::chrono::seconds(0)) != std::future_status::ready) return;
        if (auto synced = under_way_.get(); !synced) failed_ = std::move(synced).error();
    }
    bytes_ = 0;
    under_way_ = std::async(std::launch::async, sync_);
}

Result<void> EarlySync::wait() {
    const std::scoped_lock lock(mutex_);
    if (under_way_.valid()) {
        if (auto synced = under_way_.get(); !synced) failed_ = std::move(synced).error();
    }
    // What failed once is not known to be durable, whatever the next one says.
    if (failed_) return tl::unexpected(*failed_);
    bytes_ = 0;
    return {};
}

Result<void> EarlySync::finish() {
    TRY_VOID(wait());
    return sync_();
}

}  // namespace larmor::reassembly::run
