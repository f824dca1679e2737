#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/edit.h"

namespace larmor::catalog {

/// Instances that one copy may take: it is one transaction, which everything else waits for.
inline constexpr std::int64_t kCopiedInstancesMax = 100'000;
/// Image sets that a series may have when another one is made by copying.
inline constexpr std::int64_t kImageSetsOfSeriesMax = 200;

/// As CopyImageSet of HealthImaging.
struct CopyRequest {
    std::string source;  ///< id of the image set that is copied
    /// The version of the source that the caller has seen: another one is a Conflict.
    std::optional<std::int64_t> source_version{};
    /// SOP Instance UIDs of those that are copied; empty: all.
    std::vector<std::string> instances{};

    struct Destination {
        std::string id;
        std::optional<std::int64_t> latest_version{};  ///< as source_version
    };
    /// Another image set of the same series, to which the instances come; nothing: a new one,
    /// which is not primary.
    std::optional<Destination> destination{};
    /// The new one becomes the primary image set of its series.
    enum class Promote : bool { No, Yes };
    Promote promote = Promote::No;
    /// Yes: where the copy says something else of patient, study or series than where it comes,
    /// the latter holds, as an edit of the copy; and a primary image set that is there makes
    /// way, to stay as a non-primary one.
    edits::Force force = edits::Force::No;
};

/// As they are when the transaction commits.
struct CopyOutcome {
    PlacedImageSet source;
    PlacedImageSet destination;
    std::optional<PlacedImageSet> demoted{};  ///< was the primary image set until now
    std::int64_t copied = 0;                  ///< instances
};

}  // namespace larmor::catalog
