#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "db/database.h"
#include "queue/queue.h"

namespace larmor::preprocess {

/// The queue of what is to be prepared. Each message is a PrepareRequest.
inline constexpr const char* kPreprocessQueue = "preprocess";

/// Of one message: enough to make its transactions and syncs cheap, few enough that a stop does
/// not wait long.
inline constexpr std::size_t kRequestInstancesMax = 32;

/// What a message asks for: one of these.
struct PrepareRequest {
    std::vector<catalog::InstanceRow> instances{};
    /// The image frames of this instance (make_image_frames.h).
    std::optional<catalog::InstanceRow> image_frames{};
    /// The thumbnail of the series, once its instances have theirs.
    std::optional<catalog::ImageSetRow> image_set{};
};

/// `i 17 18 19`, `f 17` or `s 4`, as the body of a message.
std::string to_body(const PrepareRequest& request);
/// Errors: InvalidInput.
Result<PrepareRequest> parse_prepare_request(std::string_view body);

/// Asks for these instances, in messages of kRequestInstancesMax. Errors: those of Queue::send.
Result<void> request_instances(db::Transaction& tx, queue::Queue& queue,
                               std::span<const catalog::InstanceRow> rows);

/// Before workers start: what is pending and that no message asks for, since an older version
/// stored it or the queue was purged, is asked for again; instances whose message is a dead
/// letter are marked failed with its reason, and are not: they may be what killed a worker.
/// Blocks. Gives the number of instances asked for.
Result<std::size_t> request_what_is_left(db::Database& database, catalog::Catalog& catalog,
                                         queue::Queue& queue);

}  // namespace larmor::preprocess
