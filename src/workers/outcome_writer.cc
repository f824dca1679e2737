#include "workers/outcome_writer.h"

#include "async/executor.h"
#include "async/retry.h"
#include "observe/log.h"

namespace larmor::workers {
namespace {

constexpr int kWritesMax = 6;
constexpr Backoff kBetweenWrites{.first = std::chrono::milliseconds(50),
                                 .max = std::chrono::milliseconds(2'000)};

template <typename... Functions>
struct Overloaded : Functions... {
    using Functions::operator()...;
};
template <typename... Functions>
Overloaded(Functions...) -> Overloaded<Functions...>;

/// It may have been written, or may be the next time.
bool is_open(const Error& error) {
    return error.code == ErrorCode::Unavailable || error.code == ErrorCode::OutcomeUnknown;
}

}  // namespace

Verdict OutcomeWriter::verdict_on(const Delivery& delivery, const Error& error) const {
    return verdict_of(error, delivery.starts, services_.backoff, async::random_unit());
}

Result<void> OutcomeWriter::write(db::Transaction& tx, const std::string& receipt_handle,
                                  const Verdict& verdict, bool& stale) const {
    auto& queue = services_.queue;
    const auto of_message = [&] {
        return std::visit(
            Overloaded{[&](const Done&) { return queue.remove(tx, receipt_handle); },
                       [&](const Retry& retry) {
                           const queue::Release release{.retry_after = retry.after,
                                                        .error = retry.error};
                           return queue.release(tx, receipt_handle, release);
                       },
                       [&](const Dead& dead) {
                           return queue.dead_letter(tx, receipt_handle, dead.reason,
                                                    dead.error);
                       }},
            verdict);
    };
    // The message first: where it is somebody else's, the effect need not be tried.
    auto written = of_message();
    stale = !written && written.error().code == ErrorCode::Conflict;
    TRY_VOID(std::move(written));
    const auto* done = std::get_if<Done>(&verdict);
    return done != nullptr && done->effect ? done->effect(tx) : Result<void>();
}

async::Task<Result<OutcomeWriter::Written>> OutcomeWriter::try_write(std::string receipt_handle,
                                                                     const Verdict* verdict) {
    if (const auto* done = std::get_if<Done>(verdict); done != nullptr && !done->effect) {
        // Nothing goes with it: the removals of many are one statement.
        std::vector<std::string> handles{std::move(receipt_handle)};
        auto removed = co_await services_.queue.remove(std::move(handles));
        if (removed) co_return Written::Yes;
        if (removed.error().code == ErrorCode::Conflict) co_return Written::Stale;
        co_return tl::unexpected(std::move(removed).error());
    }
    bool stale = false;
    auto written = co_await services_.database.write([&](db::Transaction& tx) -> Result<void> {
        stale = false;  // it may run again
        try {
            return write(tx, receipt_handle, *verdict, stale);
        } catch (const std::exception&) {
            return fail(ErrorCode::Unavailable, "the effect of the step threw an exception");
        }
    });
    if (written) co_return Written::Yes;
    if (stale) co_return Written::Stale;
    co_return tl::unexpected(std::move(written).error());
}

async::Task<void> OutcomeWriter::settle(std::shared_ptr<Delivery> delivery, Verdict verdict) {
    delivery->stage = Delivery::Stage::Settling;
    for (int number = 1;; ++number) {
        const auto written = co_await try_write(delivery->receipt_handle, &verdict);
        if (written && *written == Written::Yes) {
            count(verdict);
            break;
        }
        if (written) {
            services_.metrics.lost.add();
            break;
        }
        const Error& error = written.error();
        if (is_open(error) && number < kWritesMax) {
            co_await async::sleep_for(kBetweenWrites.delay(number, async::random_unit()));
            continue;
        }
        if (std::holds_alternative<Done>(verdict)) {
            verdict = verdict_on(*delivery, error);
            number = 0;
            continue;
        }
        observe::log_error("outcome not written", {{"queue", services_.queue.name()},
                                                   {"message_id", to_int64(delivery->id)},
                                                   {"error", error.message}});
        services_.metrics.lost.add();
        break;
    }
    delivery->stage = Delivery::Stage::Over;
}

async::Task<void> OutcomeWriter::give_back(std::shared_ptr<Delivery> delivery,
                                           std::string why) {
    const Verdict verdict = Retry{.error = std::move(why)};
    const auto written = co_await try_write(delivery->receipt_handle, &verdict);
    const bool is_ours = written && *written == Written::Yes;
    (is_ours ? services_.metrics.given_back : services_.metrics.lost).add();
}

void OutcomeWriter::count(const Verdict& verdict) const {
    auto& metrics = services_.metrics;
    std::visit(Overloaded{[&](const Done&) { metrics.done.add(); },
                          [&](const Retry&) { metrics.retried.add(); },
                          [&](const Dead& dead) {
                              metrics.dead.add();
                              observe::log_warning("message is a dead letter",
                                                   {{"queue", services_.queue.name()},
                                                    {"reason", dead.reason},
                                                    {"error", dead.error}});
                          }},
               verdict);
}

}  // namespace larmor::workers
