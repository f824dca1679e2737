#pragma once
#include <string>
#include <string_view>

#include "base/result.h"
#include "events/event_log.h"

namespace larmor::events {

/// EventBridge's limit of an event.
inline constexpr std::size_t kCloudEventBytesMax = 256 << 10;

/// Appends the event as CloudEvents 1.0 in JSON format, with its place in the log as the
/// extensions `sequence` (rises as text too) and `larmorposition` (as Last-Event-ID takes it).
/// Source: CloudEvents 1.0.2 sections 3.1 to 3.3, JSON format section 3; extension "sequence".
void append_cloud_event(std::string& json, const StoredEvent& event, const Source& source);

/// What somebody else sends.
struct IncomingEvent {
    std::string id;
    std::string source;
    std::string type;
    std::string subject{};
    std::string data = "{}";  ///< a JSON object
};

/// Reads one structured CloudEvents 1.0 event, whole and strictly. Takes `id`, `source`,
/// `type`, `subject` and `data`, which is an object where it is given; the time of an event is
/// that of its arrival. Errors: InvalidInput that names the attribute, LimitExceeded.
Result<IncomingEvent> parse_cloud_event(std::string_view json);

}  // namespace larmor::events
