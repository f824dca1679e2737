#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "queue/message.h"

namespace larmor::queue {

/// What a receipt handle says: which message, and which of its deliveries.
struct Receipt {
    MessageId id{};
    std::int64_t delivery = 0;  ///< a random number, above 0
};

/// `<id>-<delivery>`, both in hexadecimal.
std::string to_handle(const Receipt& receipt);

/// Errors: InvalidInput when it is no receipt handle.
Result<Receipt> parse_handle(std::string_view handle);

}  // namespace larmor::queue
