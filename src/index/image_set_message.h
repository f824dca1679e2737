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
/// The same for targets that keep import jobs and what users put to image sets, too.
inline constexpr const char* kImageSetAndJobPattern =
    R"({"source":["aws.medical-imaging","aws.tag"],"detail-type":["Image Set Created",)"
    R"("Image Set Copied","Image Set Updated","Image Set Deleted","Import Job Submitted",)"
    R"("Import Job In Progress","Import Job Completed","Import Job Failed",)"
    R"("Tag Change on Resource"]})";

/// The image set was changed: the envelope of its event.
struct ImageSetChanged {
    std::string image_set_id;
    std::int64_t version = 0;     ///< 0: what makes no version
    events::Position position{};  ///< of the event
    /// Applied also where it was before: of a rebuild, since what a target lacks need not be
    /// what it says to have applied.
    bool is_again = false;
};
/// An import that is a job got into another state.
struct ImportJobChanged {
    std::string job_id;  ///< as its event has it
    events::Position position{};
};
/// Every image set behind this one is to be applied again, those of deleted ones too: a
/// message of our own, that sends itself on page by page.
struct Rebuild {
    catalog::ImageSetRow after{};
    /// Until it is over, the target has applied nothing from there on.
    events::Position position{};
};
using IndexMessage = std::variant<ImageSetChanged, ImportJobChanged, Rebuild>;

/// Takes `imageSetId` or `imagesetId` (the service's guide and its consumers differ).
/// Errors: InvalidInput.
Result<IndexMessage> parse_index_message(std::string_view body);

/// What a rebuild sends of an image set: of the envelope, as much as is read.
std::string to_body(const ImageSetChanged& changed);
std::string to_body(const ImportJobChanged& changed);
std::string to_body(const Rebuild& rebuild);

}  // namespace larmor::index
