#pragma once
#include <string>

#include "catalog/records.h"
#include "edits/change.h"

namespace larmor::catalog {

/// What the catalog has of an image set and can be edited, as DICOM JSON: the attributes of
/// patient, study and series but for UIDs.
std::string columns_json(const PatientAttributes& patient, const StudyAttributes& study,
                         const SeriesAttributes& series);
/// The same of an instance: its number.
std::string columns_json(const InstanceAttributes& instance);

/// The columns after the changes. `columns` is of one of the functions above.
Result<InstanceRecord> edited_columns(std::string_view columns, const edits::Changes& changes);

/// Whether one of the changes is of an attribute that the catalog has as a column.
bool touch_study_columns(const edits::Changes& changes);
bool touch_series_columns(const edits::Changes& changes);
bool touch_instance_columns(const edits::Changes& changes);
/// Whether one is of patient or study, column or not.
bool touch_study(const edits::Changes& changes);

}  // namespace larmor::catalog
