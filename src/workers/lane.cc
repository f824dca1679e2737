#include "workers/lane.h"

#include <cxxabi.h>

#include <cstdlib>
#include <typeinfo>

#include "async/retry.h"
#include "observe/log.h"

namespace larmor::workers {
namespace {

constexpr std::chrono::seconds kReceiveWait{20};
constexpr std::size_t kMoreReceiversMax = 63;
constexpr Backoff kBetweenReceives{.first = std::chrono::milliseconds(200),
                                   .max = std::chrono::milliseconds(30'000)};

/// The name of the exception's type: its text may hold what it was thrown over.
std::string type_of(const std::exception& exception) {
    const char* mangled = typeid(exception).name();
    int status = 0;
    const std::unique_ptr<char, void (*)(void*)> name(
        abi::__cxa_demangle(mangled, nullptr, nullptr, &status), std::free);
    return status == 0 ? name.get() : mangled;
}

}  // namespace

Lane::Lane(const Services& services, const PoolOptions& pool, LaneOptions options)
    : services_(services),
      pool_(pool),
      options_(std::move(options)),
      metrics_(services.queue.name(), options_.name),
      outcomes_({services.queue, services.database, metrics_, pool.backoff}),
      places_(options_.concurrency_max) {
    metrics_.in_flight_max.set(static_cast<std::int64_t>(options_.in_flight_max));
    metrics_.running_max.set(static_cast<std::int64_t>(options_.concurrency_max));
}

async::Task<void> Lane::run() {
    upkeep_.spawn(look_after_all());
    co_await receive_all();
    co_await work_.join();
    upkeep_ended_.cancel();
    co_await upkeep_.join();
}

void Lane::stop() {
    stopped_.cancel();
    if (room_ != nullptr) std::exchange(room_, nullptr)->set();
    for (const auto& delivery : in_flight_) {
        delivery->cancel.cancel();
        if (delivery->stage != Delivery::Stage::Waiting) continue;
        delivery->stage = Delivery::Stage::Over;
        work_.spawn(outcomes_.give_back(delivery, ""));
    }
}

async::Task<void> Lane::receive_all() {
    std::int64_t failures = 0;
    while (!stopped_.token().cancelled()) {
        const bool is_room = co_await wait_for_room();
        if (!is_room) continue;
        if (pool_.may_receive && !pool_.may_receive()) {
            co_await stopped_.token().sleep(pool_.ask_again_every);
            continue;
        }
        const std::size_t wanted = room();
        auto batch = co_await receive_batch(wanted, kReceiveWait);
        if (!batch) {
            metrics_.receive_failed.add();
            observe::log_warning("receive failed", {{"queue", services_.queue.name()},
                                                    {"error", batch.error().message}});
            co_await stopped_.token().sleep(
                kBetweenReceives.delay(++failures, async::random_unit()));
            continue;
        }
        failures = 0;
        const bool is_full = batch->size() == wanted;
        take(*std::move(batch));
        while (is_full && more_receivers_ < kMoreReceiversMax && room() > 0 &&
               more_receivers_ * options_.batch_max < options_.in_flight_max) {
            ++more_receivers_;
            work_.spawn(receive_more());
        }
    }
}

async::Task<void> Lane::receive_more() {
    while (!stopped_.token().cancelled() && room() > 0 &&
           (!pool_.may_receive || pool_.may_receive())) {
        const std::size_t wanted = room();
        auto batch = co_await receive_batch(wanted, std::chrono::microseconds(0));
        // An error meets receive_all too, which waits.
        if (!batch || batch->empty()) break;
        const bool is_full = batch->size() == wanted;
        take(*std::move(batch));
        if (!is_full) break;
    }
    --more_receivers_;
}

void Lane::take(std::vector<queue::Message> batch) {
    const bool is_late = stopped_.token().cancelled();
    for (auto& message : batch) {
        auto delivery = std::make_shared<Delivery>(std::move(message));
        delivery->visible_since = services_.clock.uptime();
        if (is_late) {
            work_.spawn(outcomes_.give_back(delivery, ""));
            continue;
        }
        in_flight_.insert(delivery);
        metrics_.in_flight.add();
        work_.spawn(work_on(std::move(delivery)));
    }
}

/// How many one more receive may bring.
std::size_t Lane::room() const {
    const std::size_t taken = in_flight_.size() + receiving_;
    return std::min(options_.batch_max,
                    options_.in_flight_max - std::min(options_.in_flight_max, taken));
}

async::Task<bool> Lane::wait_for_room() {
    while (room() == 0) {
        if (stopped_.token().cancelled()) co_return false;
        async::Completion<> room;
        room_ = &room;
        co_await room;
    }
    co_return !stopped_.token().cancelled();
}

async::Task<Result<std::vector<queue::Message>>> Lane::receive_batch(
    std::size_t messages_max, std::chrono::microseconds wait_max) {
    queue::ReceiveOptions options;
    options.messages_max = messages_max;
    options.wait_max = wait_max;
    options.visibility_timeout = visibility_timeout();
    // Where each has a place at once, start and receive are one transaction.
    const bool have_places =
        in_flight_.size() - settling_ + receiving_ + messages_max <= options_.concurrency_max &&
        services_.gate.waiting() == 0;
    options.start = have_places || options_.start_with_batch
                        ? queue::Start::OnReceiveUnlessSuspect
                        : queue::Start::Later;
    options.schema_version_max = pool_.schema_version_max;
    options.priority_min = options_.priority_min;
    options.priority_max = options_.priority_max;
    options.stop = stopped_.token();
    receiving_ += messages_max;
    auto batch = co_await services_.queue.receive(options);
    if (batch) metrics_.batch_size.observe(static_cast<double>(batch->size()));
    const auto window = async::Deadline::after(options_.batch_window);
    while (batch && !batch->empty() && batch->size() < messages_max && !window.expired() &&
           !options.stop.cancelled()) {
        options.messages_max = messages_max - batch->size();
        options.wait_max =
            std::chrono::duration_cast<std::chrono::microseconds>(window.remaining());
        auto more = co_await services_.queue.receive(options);
        // What was received before is worked on; the next receive meets the error too.
        if (!more) break;
        metrics_.batch_size.observe(static_cast<double>(more->size()));
        std::move(more->begin(), more->end(), std::back_inserter(*batch));
    }
    receiving_ -= messages_max;
    if (room_ != nullptr) std::exchange(room_, nullptr)->set();
    co_return batch;
}

async::Task<void> Lane::work_on(DeliveryPtr delivery) {
    std::optional<Verdict> verdict;
    {
        const auto place = co_await places_.acquire();
        if (delivery->stage == Delivery::Stage::Waiting) {
            const auto company = delivery->suspect ? Company::None : Company::Others;
            auto permit = co_await services_.gate.enter(company);
            // It may have been given back meanwhile.
            if (delivery->stage == Delivery::Stage::Waiting) {
                delivery->permit.emplace(std::move(permit));
                verdict = co_await run_step(delivery);
            }
        }
    }
    // Its place is somebody else's while the outcome is written.
    if (verdict) {
        ++settling_;
        co_await outcomes_.settle(delivery, *std::move(verdict));
        --settling_;
    }
    delivery->permit.reset();
    forget(delivery);
}

async::Task<std::optional<Verdict>> Lane::run_step(DeliveryPtr delivery) {
    delivery->stage = Delivery::Stage::Running;
    ++running_;
    metrics_.running.add();
    // Durable before the step, which may kill this process.
    Result<void> started;
    if (!delivery->message.is_started) {
        started = co_await services_.queue.start(delivery->receipt_handle);
    }
    Result<Verdict> verdict = tl::unexpected(Error{ErrorCode::Cancelled, "not begun"});
    if (!started) {
        // Who does not know whether the start is durable may not begin.
        verdict = tl::unexpected(std::move(started).error());
    } else if (delivery->stage == Delivery::Stage::Running) {
        const auto began_at = services_.clock.uptime();
        delivery->began_at = began_at;
        verdict = co_await outcome_of_step(delivery);
        const auto took = services_.clock.uptime() - began_at;
        metrics_.step_seconds.observe(std::chrono::duration<double>(took).count());
    }
    --running_;
    metrics_.running.sub();
    if (delivery->overdue) metrics_.overdue.sub();
    // Else it was taken from the step, which came too late.
    if (delivery->stage != Delivery::Stage::Running) co_return std::nullopt;
    // From here on nobody takes it from us.
    delivery->stage = Delivery::Stage::Settling;
    co_return verdict ? *std::move(verdict) : outcomes_.verdict_on(*delivery, verdict.error());
}

async::Task<Result<Verdict>> Lane::outcome_of_step(DeliveryPtr delivery) {
    std::string what = "an exception";
    try {
        co_return co_await services_.step.run(std::move(delivery->message),
                                              delivery->cancel.token());
    } catch (const std::exception& exception) {
        what = type_of(exception);
    } catch (...) {
        // Thrown by a library that throws what it likes; said as much below.
    }
    observe::log_error("step threw", {{"queue", services_.queue.name()}, {"exception", what}});
    co_return fail(ErrorCode::Unavailable, "the step threw " + what);
}

void Lane::forget(const DeliveryPtr& delivery) {
    if (in_flight_.erase(delivery) > 0) metrics_.in_flight.sub();
    if (pool_.on_settled) pool_.on_settled();
    if (room_ != nullptr) std::exchange(room_, nullptr)->set();
}

}  // namespace larmor::workers
