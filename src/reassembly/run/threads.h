#pragma once
#include <atomic>
#include <thread>
#include <vector>

#include "base/result.h"

namespace larmor::reassembly::run {

/// Runs `work(thread, failed)` in every thread, this one too; the first error of any. Whoever
/// has long work looks whether another one failed.
template <typename Work>
Result<void> in_threads(unsigned count, const Work& work) {
    std::atomic<bool> failed{false};
    std::vector<Result<void>> results(count);
    const auto one = [&](unsigned thread) {
        results[thread] = work(thread, failed);
        if (!results[thread]) failed = true;
    };
    std::vector<std::thread> threads;
    for (unsigned i = 1; i < count; ++i) threads.emplace_back(one, i);
    one(0);
    for (auto& thread : threads) thread.join();
    for (auto& result : results) {
        if (!result) return std::move(result);
    }
    return {};
}

}  // namespace larmor::reassembly::run
