#pragma once
#include <atomic>
#include <functional>
#include <optional>
#include <vector>

#include "restore/restores.h"

namespace larmor::reassembly::run {

/// Gives the archives of one side to threads, by number and each once: those that can be read
/// now in their order, then those of a cold tier as they are restored.
class ArchiveQueue {
public:
    /// `restores` may be null, and outlives it.
    ArchiveQueue(std::vector<std::uint32_t> readable, restore::Restores* restores,
                 unsigned group)
        : readable_(std::move(readable)), restores_(restores), group_(group) {}

    /// Nothing behind the last, and as soon as `should_stop`. Errors: those of restoring.
    Result<std::optional<std::uint32_t>> next(const std::function<bool()>& should_stop) {
        if (should_stop()) return std::nullopt;
        const auto at = next_.fetch_add(1);
        if (at < readable_.size()) return readable_[at];
        if (restores_ == nullptr) return std::nullopt;
        return restores_->take(group_, should_stop);
    }

private:
    const std::vector<std::uint32_t> readable_;
    restore::Restores* const restores_;
    const unsigned group_;
    std::atomic<std::size_t> next_{0};
};

}  // namespace larmor::reassembly::run
