#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "catalog/records.h"
#include "events/event.h"

namespace larmor::index {

/// What rules of targets select: every event after which an image set is another than before.
/// A pattern of EventBridge.
inline constexpr const char* kImageSetPattern =
    R"({"source":["aws.medical-imaging"],"detail-type":["Image Set Created","Image Set Copied",)"
    R"("Image Set Updated","Image Set Deleted"]})";

/// The image set was changed: the envelope of its event.
struct ImageSetChanged {
    std::string image_set_id;
    std::int64_t version = 0;
    events::Position position{};  ///< of the event
};
/// Every image set behind this one is to be applied again, those of deleted ones too: a
/// message of our own, that sends itself on page by page.
struct Rebuild {
    catalog::ImageSetRow after{};
    /// Until it is over, the target has applied nothing from there on.
    events::Position position{};
};
using IndexMessage = std::variant<ImageSetChanged, Rebuild>;

/// Takes `imageSetId` or `imagesetId` (the service's guide and its consumers differ).
/// Errors: InvalidInput.
Result<IndexMessage> parse_index_message(std::string_view body);

/// What a rebuild sends of an image set: of the envelope, as much as is read.
std::string to_body(const ImageSetChanged& changed);
std::string to_body(const Rebuild& rebuild);

}  // namespace larmor::index
