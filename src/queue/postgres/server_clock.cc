#include "queue/postgres/server_clock.h"

#include <algorithm>

namespace larmor::queue::postgres {
namespace {

constexpr microseconds kStep = std::chrono::seconds(5);

}  // namespace

Time ServerClock::time_of(const ClockReading& reading) {
    return Time(reading.server + reading.offset);
}

microseconds ServerClock::step_of(const ClockReading& reading) {
    // The answer was made somewhere between: a pause of ours is no step.
    const microseconds least = reading.server - reading.answered;
    const microseconds most = reading.server - reading.asked;
    const std::lock_guard lock(mutex_);
    if (version_ != reading.version) {
        version_ = reading.version;
        difference_ = least + (most - least) / 2;
        return {};
    }
    if (least > difference_ + kStep) return least - difference_;
    if (most < difference_ - kStep) return most - difference_;
    difference_ = std::clamp(difference_, least, most);
    return {};
}

Result<Time> ServerClock::time_of(db::Transaction& tx, ClockReading reading) {
    const microseconds step = step_of(reading);
    if (step == microseconds(0)) return time_of(reading);
    // Whoever comes second changes nothing and sees what the first one made of it.
    TRY_VOID(
        tx.run("UPDATE queue_clock SET offset_us = offset_us - ?1, version = version + 1"
               " WHERE id = 1 AND version = ?2",
               step.count(), reading.version));
    TRY(db::Query query, tx.prepare("SELECT offset_us FROM queue_clock WHERE id = 1"));
    TRY(const bool row, query.next());
    if (!row) return fail(ErrorCode::Corrupt, "the queues have lost the row of their clock");
    reading.offset = microseconds(query.int64(0));
    return time_of(reading);
}

}  // namespace larmor::queue::postgres
