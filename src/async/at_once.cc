#include "async/at_once.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace larmor::async {
namespace {

constexpr std::size_t kThreadsMax = 8;

}  // namespace

Result<void> at_once(std::size_t count, const std::function<Result<void>(std::size_t)>& act) {
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;
    Result<void> outcome;
    const auto work = [&] {
        for (std::size_t i = next++; i < count; i = next++) {
            auto done = act(i);
            if (done) continue;
            const std::lock_guard lock(mutex);
            if (outcome) outcome = std::move(done);
            next = count;
        }
    };
    std::vector<std::thread> threads;
    for (std::size_t i = 1; i < std::min(count, kThreadsMax); ++i) threads.emplace_back(work);
    work();
    for (auto& thread : threads) thread.join();
    return outcome;
}

}  // namespace larmor::async
