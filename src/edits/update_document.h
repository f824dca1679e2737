#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "edits/change.h"

namespace larmor::edits {

/// A change with whom it is for.
struct Update {
    /// Empty: every instance of the image set.
    std::string sop_instance_uid;
    Change change;  ///< version and time are not set yet
};

/// What is to be changed in an image set.
struct UpdateDocument {
    std::string series_instance_uid;  ///< that the document names; empty where it names none
    std::vector<Update> updates;

    /// Whether a change is of the patient or the study, which other image sets have too.
    bool changes_study() const;
};

struct UpdateLimits {
    std::size_t bytes_max = 64 * 1024;
    std::size_t updates_max = 1000;
};

/// Both say what is to be changed as UpdateImageSetMetadata of HealthImaging does, by keywords:
///
///     {"SchemaVersion": 1.1, "Patient": {"DICOM": {"PatientName": "ANON^ANON"}},
///      "Study": {"DICOM": {...}, "Series": {"<Series Instance UID>": {"DICOM": {...},
///       "Instances": {"<SOP Instance UID>": {"DICOM": {...}, "DICOMVRs": {"00091002":
///       "LO"}}}}}}}
///
/// Beyond the service: an attribute of instances may stand in the DICOM of the series, then it
/// is changed in each of them; a key may be a path, `RequestAttributesSequence/0/StudyID`; and
/// a value may be a data element of DICOM JSON, `{"vr":"LO","Value":["x"]}`. Otherwise a value
/// is a text, a number, null for an empty one, an array of these, for a sequence an array of
/// objects, for binary VRs base64. The VR of a private attribute is in DICOMVRs beside DICOM.
/// Appends to `document`. Errors: InvalidInput that names what is wrong (an attribute by its
/// tag, never a value); LimitExceeded.
Result<void> read_updatable(std::string_view json, UpdateDocument& document,
                            const UpdateLimits& limits = {});
/// The same form; which values the attributes have is of no account.
Result<void> read_removable(std::string_view json, UpdateDocument& document,
                            const UpdateLimits& limits = {});

/// What `rule_of` forbids, and what needs `force`: Study ID, private attributes of single
/// instances, and the UIDs, which can be set but not removed, SOP Instance UID in one instance
/// at a time. Errors: InvalidInput that names the attribute by its tag.
enum class Force : bool { No, Yes };
Result<void> check_rules(const UpdateDocument& document, Force force);

}  // namespace larmor::edits
