#pragma once
#include "api/audited.h"
#include "catalog/edit.h"

namespace larmor::api {

/// What goes on record of an act on one image set.
inline AuditNote note_of_image_set(const catalog::PlacedImageSet& placed) {
    AuditNote note;
    auto& subject = note.subjects.emplace_back();
    subject.patient_id = placed.patient_id;
    subject.study = placed.study_instance_uid;
    subject.series = placed.series_instance_uid;
    subject.object = placed.image_set.id;
    subject.instances = static_cast<std::uint64_t>(placed.number_of_instances);
    return note;
}

}  // namespace larmor::api
