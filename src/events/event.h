#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace larmor::events {

/// Where an event stands in the log. Ever rising: a restore from a backup starts a new epoch.
struct Position {
    std::int64_t epoch = 0;
    std::int64_t sequence = 0;
    friend auto operator<=>(const Position&, const Position&) = default;
};

/// What happened, in the terms of the EventBridge envelope; id, time and position are added by
/// `append`. Never carries metadata of patients: consumers fetch what they may see.
struct Event {
    std::string_view detail_type;      ///< `Image Set Created`
    std::string_view detail;           ///< a JSON object
    std::string_view resource;         ///< one ARN, for `resources`
    std::string_view subject_id = {};  ///< the image set (or other thing) that it is about
    std::string_view source = {};      ///< who says so; empty: this library
};

struct StoredEvent {
    Position position;
    std::string id;  ///< UUID
    Time time;
    std::string detail_type;
    std::string detail;
    std::string resource;
    std::string subject_id;
    std::string source{};  ///< as in Event
};

/// How this installation names itself in envelopes.
struct Source {
    std::string source = "aws.medical-imaging";  ///< so that rules written for AWS match
    std::string account = "000000000000";
    std::string region = "local";
};

/// The envelope that rules match and targets receive: EventBridge's, version 0.
std::string to_envelope(const StoredEvent& event, const Source& source);

/// The ARN of an image set: arn:aws:medical-imaging:REGION:ACCOUNT:datastore/ID/imageset/ID.
std::string image_set_arn(const Source& source, std::string_view datastore_id,
                          std::string_view image_set_id);

}  // namespace larmor::events
