#include "observe/log.h"
#include "workers/lane.h"

namespace larmor::workers {
namespace {

/// A message is extended when this part of its visibility timeout has passed, and looked at
/// twice as often: one look that comes late loses nothing.
constexpr int kExtendAt = 3;
constexpr int kLookAt = 6;

}  // namespace

std::chrono::microseconds Lane::visibility_timeout() const {
    return pool_.visibility_timeout.value_or(services_.queue.settings().visibility_timeout);
}

async::Task<void> Lane::look_after_all() {
    for (;;) {
        const auto timeout = visibility_timeout();
        const auto every = pool_.look_every.value_or(timeout / kLookAt);
        const bool go_on = co_await upkeep_ended_.token().sleep(every);
        if (!go_on) co_return;
        for (const auto& delivery : in_flight_) look_after(delivery, timeout);
    }
}

void Lane::look_after(const DeliveryPtr& delivery, std::chrono::microseconds timeout) {
    if (delivery->stage == Delivery::Stage::Over) return;
    const auto now = services_.clock.uptime();
    if (delivery->stage == Delivery::Stage::Running && delivery->began_at &&
        now - *delivery->began_at > pool_.step_max) {
        delivery->overdue = true;
        metrics_.overdue.add();
        observe::log_error("step is overdue", {{"queue", services_.queue.name()},
                                               {"message_id", to_int64(delivery->id)},
                                               {"step_max", pool_.step_max}});
        take_from_step(delivery, "the step took longer than it may", upkeep_);
        return;
    }
    if (delivery->extending || now - delivery->visible_since < timeout / kExtendAt) return;
    delivery->extending = true;
    upkeep_.spawn(extend(delivery, timeout));
}

async::Task<void> Lane::extend(DeliveryPtr delivery, std::chrono::microseconds timeout) {
    const auto asked_at = services_.clock.uptime();
    const auto extended = co_await services_.queue.extend(delivery->receipt_handle, timeout);
    delivery->extending = false;
    if (extended) {
        delivery->visible_since = asked_at;
        metrics_.extended.add();
        co_return;
    }
    // Any other error: the next look tries again.
    if (extended.error().code != ErrorCode::Conflict) co_return;
    delivery->cancel.cancel();
    if (delivery->stage != Delivery::Stage::Waiting) co_return;
    delivery->stage = Delivery::Stage::Over;
    metrics_.lost.add();
}

void Lane::take_from_step(const DeliveryPtr& delivery, const std::string& why,
                          TaskGroup& group) {
    delivery->stage = Delivery::Stage::Over;
    delivery->cancel.cancel();
    delivery->permit.reset();
    group.spawn(outcomes_.give_back(delivery, why));
}

async::Task<void> Lane::give_up() {
    TaskGroup group;
    for (const auto& delivery : in_flight_) {
        if (delivery->stage != Delivery::Stage::Running) continue;
        take_from_step(delivery, "the worker was stopped", group);
    }
    co_await group.join();
}

}  // namespace larmor::workers
