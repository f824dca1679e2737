#pragma once
#include <string>
#include <string_view>

#include "catalog/edit.h"

namespace larmor::api {

/// ACTIVE, LOCKED, DELETED.
std::string_view service_name_of(catalog::ImageSetState state);

/// Appends an image set as GetImageSet of HealthImaging has it, with what is of our own:
/// `{"imageSetId":"..","versionId":"3",..,"studyInstanceUid":".."}`.
void append_image_set_json(std::string& json, const catalog::PlacedImageSet& placed);
void append_version_json(std::string& json, const catalog::ImageSetVersion& version);

/// Appends one attribute whose state differs between two versions; `before` and `after` are
/// null where it is as it was stored.
void append_difference_json(std::string& json, std::string_view sop_instance_uid,
                            const edits::Change* before, const edits::Change* after);

/// Versions are texts of digits, as the service has them. Errors: InvalidInput that has `name`.
Result<std::int64_t> parse_version(std::string_view name, std::string_view text);

/// The body of an edit: `latestVersionId`, `force`, `includeStudyImageSets`,
/// `updatableAttributes`, `removableAttributes`, `revertToVersionId`, `issuerOfPatientId`.
struct EditBody {
    catalog::EditRequest request;
    std::optional<std::string> issuer_of_patient_id;
};
inline constexpr std::uint64_t kEditBodyMaxBytes = 256 * 1024;
/// Errors: InvalidInput that names the member; those of edits::read_updatable.
Result<EditBody> parse_edit_body(std::string_view json);

}  // namespace larmor::api
