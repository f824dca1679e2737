#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "catalog/records.h"
#include "edits/update_document.h"

namespace larmor::catalog {

/// Image sets that one edit may span: those of a patient, at the most.
inline constexpr std::size_t kEditedImageSetsMax = 1000;

struct EditRequest {
    /// What is changed; nothing where it is a revert.
    edits::UpdateDocument document{};
    /// The metadata become what they were in this version. Instances that came since stay, as
    /// they were stored: nothing that was acknowledged is lost.
    std::optional<std::int64_t> revert_to{};
    /// The version that the caller has seen: another one is a Conflict.
    std::optional<std::int64_t> latest_version{};
    edits::Force force = edits::Force::No;
    /// Changes of patient and study are made in all primary image sets of the study.
    enum class Span : bool { ImageSet, Study };
    Span span = Span::ImageSet;
};

/// An image set and whose it is. Of one that was edited: as it is when the transaction commits,
/// and whose it was before.
struct PlacedImageSet {
    ImageSet image_set;
    std::string patient_id;
    std::string study_instance_uid;
    std::string series_instance_uid;
    std::int64_t number_of_instances = 0;
};

/// What was edited in an image set as of one version: to be applied to instances and their
/// metadata when they are read (edits/apply_json.h, edits/apply_data_set.h).
struct ImageSetEdits {
    edits::Changes of_all;                           ///< instances
    std::map<InstanceRow, edits::Changes> of_one{};  ///< those that were edited by themselves

    edits::Changes of(InstanceRow instance) const;
};

}  // namespace larmor::catalog
