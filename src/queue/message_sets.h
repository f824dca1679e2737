#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "queue/message_rows.h"

namespace larmor::queue {

// What message_rows.h does with one message, for many: where the database is behind a
// connection in one statement, else one by one.

/// A message that goes to a receiver, with the counts that it has from then on.
struct Delivery {
    Receipt receipt;
    int started = 0;  ///< as stored: 0 not, 1 by this delivery, 2 by an earlier one
    std::int64_t receive_count = 0;
    std::int64_t start_count = 0;
};
/// Messages that wait, which are locked, are in flight until then.
Result<void> deliver_all(Work& work, std::span<const Delivery> deliveries, Time hidden_until);

/// For each whether it was in flight; the others are left as they are.
Result<std::vector<bool>> mark_all_started(Work& work, std::span<const Receipt> receipts);
Result<std::vector<bool>> remove_all_delivered(Work& work, std::span<const Receipt> receipts);

}  // namespace larmor::queue
