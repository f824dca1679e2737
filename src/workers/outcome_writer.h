#pragma once
#include "base/clock.h"
#include "db/database.h"
#include "queue/queue.h"
#include "workers/delivery.h"
#include "workers/lane_metrics.h"
#include "workers/verdict.h"

namespace larmor::workers {

/// Makes an outcome of a verdict: what the step has to write, and what becomes of its message,
/// are one transaction. A delivery that is not good any more rolls all of it back.
class OutcomeWriter {
public:
    struct Services {
        queue::Queue& queue;
        db::Database& database;
        LaneMetrics& metrics;
        Backoff backoff;
    };
    explicit OutcomeWriter(const Services& services) : services_(services) {}

    /// Tries again where it is unknown whether it was written: a second time finds the receipt
    /// handle used up and changes nothing. An effect that fails becomes a verdict itself. What
    /// can't be written at all is left to the visibility timeout.
    async::Task<void> settle(std::shared_ptr<Delivery> delivery, Verdict verdict);
    /// Given back at once, as it is: uncounted where it was not started.
    async::Task<void> give_back(std::shared_ptr<Delivery> delivery, std::string why);
    /// Of an error of this delivery.
    Verdict verdict_on(const Delivery& delivery, const Error& error) const;

private:
    enum class Written : std::uint8_t { Yes, Stale };
    Result<void> write(db::Transaction& tx, const std::string& receipt_handle,
                       const Verdict& verdict, bool& stale) const;
    /// Errors: of the effect or the database.
    async::Task<Result<Written>> try_write(std::string receipt_handle, const Verdict* verdict);
    void count(const Verdict& verdict) const;

    const Services services_;
};

}  // namespace larmor::workers
