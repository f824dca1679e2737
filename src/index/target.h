#pragma once
#include "index/document.h"

namespace larmor::index {

/// A store that is kept equal to the catalog. Documents come in any order and more than once.
/// Safe from any thread; calls block.
class Target {
public:
    virtual ~Target() = default;

    /// What documents are to have.
    virtual Result<Wanted> wanted() = 0;

    /// Whether this version of the image set, or a newer one, was applied.
    virtual Result<bool> has_applied(std::string_view datastore_id,
                                     std::string_view image_set_id, std::int64_t version) = 0;

    enum class Applied : std::uint8_t {
        Written,
        Older,  ///< a newer version of the image set was there
    };
    /// Writes the document in one transaction of the target, with what it says of itself: an
    /// older one never goes over a newer. Errors: Unavailable and Conflict, where trying again
    /// can help; others are about this document.
    virtual Result<Applied> apply(const ImageSetDocument& document) = 0;
};

}  // namespace larmor::index
