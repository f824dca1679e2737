#pragma once
#include <gtest/gtest.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "dicom/tags.h"
#include "index/document.h"
#include "index/lake/columns.h"

namespace larmor::index::lake {

template <typename T>
T must_be(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().message);
    return *std::move(result);
}
inline void must_be(Result<void> result) {
    if (!result) throw std::runtime_error(result.error().message);
}

/// An image set as the catalog would have it.
struct Given {
    std::string id = std::string(32, 'a');
    std::int64_t version = 1;
    std::int64_t sequence = 1;
    std::int64_t epoch = 1;
    bool is_deleted = false;
    bool is_primary = true;
    std::string patient_id = "P1";
    std::string patient_name = "MISTER^CT";
    std::string study = "1.2.1";
    std::string date = "20040119";
    std::string series = "1.2.1.1";
    std::vector<std::string> instances = {"1.2.1.1.1", "1.2.1.1.2"};
    Levels levels = Levels::all();  ///< whose attributes are wanted
};

/// Where it is wanted.
inline void set(Values& values, const std::vector<dicom::Tag>& wanted, dicom::Tag tag,
                const std::string& text) {
    values.resize(wanted.size());
    const auto at = std::ranges::find(wanted, tag);
    if (at != wanted.end()) values[static_cast<std::size_t>(at - wanted.begin())] = text;
}

inline ImageSetDocument document(const Given& given) {
    ImageSetDocument made;
    made.wanted = wanted_attributes(given.levels);
    const auto wanted = [&](Level level) -> const auto& { return made.wanted.at(level); };
    made.datastore_id = std::string(32, 'd');
    made.image_set_id = given.id;
    made.version = given.version;
    made.is_primary = given.is_primary;
    made.is_deleted = given.is_deleted;
    made.as_of = {.epoch = given.epoch, .sequence = given.sequence};
    made.study_instance_uid = given.study;
    made.series_instance_uid = given.series;
    made.patient_id = given.patient_id;
    set(made.patient, wanted(Level::Patient), dicom::tags::PatientName, given.patient_name);
    set(made.study, wanted(Level::Study), dicom::tags::StudyDate, given.date);
    set(made.study, wanted(Level::Study), dicom::tags::StudyTime, "072730.5");
    set(made.series, wanted(Level::Series), dicom::tags::Modality, "CT");
    int number = 0;
    for (const auto& uid : given.instances) {
        Values values;
        set(values, wanted(Level::Instance), dicom::tags::InstanceNumber,
            std::to_string(++number));
        set(values, wanted(Level::Instance), dicom::tags::WindowCenter,
            "00040.0000000000\\0400");
        set(values, wanted(Level::Instance), dicom::tags::SliceLocation, "-77.2040634155");
        made.instances.push_back({.sop_instance_uid = uid, .values = std::move(values)});
    }
    return made;
}

}  // namespace larmor::index::lake
