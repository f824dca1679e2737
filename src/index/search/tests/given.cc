#include "index/search/tests/given.h"

#include <algorithm>

#include "dicom/tags.h"
#include "index/search/field.h"

namespace larmor::index::search::testing {
namespace {

namespace tags = dicom::tags;

Values values_of(const std::vector<dicom::Tag>& wanted,
                 const std::vector<std::pair<dicom::Tag, std::string>>& given) {
    Values values(wanted.size());
    for (const auto& [tag, text] : given) {
        const auto at = std::ranges::find(wanted, tag);
        if (!text.empty()) values.at(static_cast<std::size_t>(at - wanted.begin())) = text;
    }
    return values;
}

}  // namespace

ImageSetDocument document_of(const Given& given) {
    ImageSetDocument made;
    made.wanted = wanted_fields();
    made.datastore_id = std::string(32, 'd');
    made.image_set_id = given.id;
    made.version = given.version;
    made.is_primary = given.is_primary;
    made.is_deleted = given.is_deleted;
    made.as_of = {.epoch = 1, .sequence = given.sequence};
    made.study_instance_uid = given.study;
    made.series_instance_uid = given.series;
    made.patient_id = given.patient_id;
    made.patient = values_of(
        made.wanted.at(Level::Patient),
        {{tags::PatientID, given.patient_id}, {tags::PatientName, given.patient_name}});
    made.study = values_of(made.wanted.at(Level::Study),
                           {{tags::StudyInstanceUID, given.study},
                            {tags::StudyDate, given.study_date},
                            {tags::StudyDescription, given.study_description}});
    made.series =
        values_of(made.wanted.at(Level::Series), {{tags::SeriesInstanceUID, given.series},
                                                  {tags::Modality, given.modality},
                                                  {tags::SeriesNumber, given.series_number},
                                                  {tags::ProtocolName, given.protocol}});
    if (given.is_deleted) return made;
    for (std::size_t i = 0; i < given.instances.size(); ++i) {
        const std::string& uid = given.instances[i];
        made.instances.push_back(
            {.sop_instance_uid = uid,
             .values = values_of(made.wanted.at(Level::Instance),
                                 {{tags::SOPInstanceUID, uid},
                                  {tags::SOPClassUID, "1.2.840.10008.5.1.4.1.1.2"},
                                  {tags::InstanceNumber, std::to_string(i + 1)},
                                  {tags::Rows, i < given.rows.size() ? given.rows[i] : ""}})});
    }
    return made;
}

std::string value_of(const Hit& hit, std::string_view keyword) {
    for (const auto& [field, value] : hit.values) {
        if (field->keyword == keyword) return value;
    }
    return {};
}

}  // namespace larmor::index::search::testing
