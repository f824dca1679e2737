#include "faults/queue/faulty_step.h"

#include <cstring>
#include <memory>
#include <random>

#include "async/completion.h"
#include "async/executor.h"

namespace larmor::queue::testing {
namespace {

using workers::Verdict;

/// Until the process has no more (RLIMIT_AS), in a place that can't be unwound: what most code
/// in a codec is.
void use_all_memory() noexcept {
    constexpr std::size_t kBlock = 1 << 20;
    std::vector<std::unique_ptr<char[]>> blocks;
    for (;;) {
        blocks.push_back(std::make_unique_for_overwrite<char[]>(kBlock));
        std::memset(blocks.back().get(), 1, kBlock);
    }
}

/// Ignores its token too.
async::Task<void> hang() {
    async::Completion<> never;
    co_await never;
}

}  // namespace

async::Task<Result<Verdict>> FaultyStep::run(Message message, async::CancelToken /*stop*/) {
    if (message.body.starts_with("abort/")) std::abort();
    if (message.body.starts_with("memory/")) use_all_memory();
    if (message.body.starts_with("hang/")) co_await hang();
    thread_local std::minstd_rand random{std::random_device{}()};
    const std::chrono::microseconds takes(random() % 4000);
    co_await async::sleep_for(takes);
    if (random() % 20 == 0) {
        // Counted, so seldom: five starts are all that a message has.
        co_return workers::Retry{.after = std::chrono::milliseconds(random() % 50),
                                 .error = "by chance"};
    }
    const bool sends = random() % 4 == 0 && message.body.find('/') == std::string::npos;
    std::string child =
        sends ? message.body + "/" + std::to_string(message.receive_count) : std::string();
    co_return workers::Done{
        [this, body = message.body, child](db::Transaction& tx) -> Result<void> {
            TRY_VOID(tx.run("INSERT INTO effects (body) VALUES (?1)", body));
            if (child.empty()) return {};
            const NewMessage next{.body = child};
            TRY_VOID(queue_.send(tx, std::span(&next, 1)));
            return {};
        }};
}

}  // namespace larmor::queue::testing
