#pragma once
#include "dicom/file.h"
#include "pixels/annotate.h"

namespace larmor::api {

/// What is written into a picture of an instance, out of its data set.
struct AnnotationParts {
    bool patient = false;    ///< name, ID, birth date and sex, at the top
    bool technique = false;  ///< modality, date and how it was acquired, at the bottom
};
/// Attributes that are empty or not there are left out. Errors: those of dicom::Reader. Source:
/// PS3.18 section 8.3.5.1.1, which leaves the choice to us.
Result<pixels::Annotation> annotation_of(const dicom::File& file, AnnotationParts parts);

}  // namespace larmor::api
