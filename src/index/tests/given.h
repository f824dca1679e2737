#pragma once
#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/hash.h"
#include "dicom/tags.h"
#include "index/document.h"
#include "index/levels.h"

namespace larmor::index::testing {

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
    std::string image_type = "ORIGINAL\\PRIMARY";
    catalog::Tags labels{};
    std::uint32_t frames = 1;       ///< of each instance
    Levels levels = Levels::all();  ///< whose attributes are wanted, where a target asks that
};

/// Where it is wanted.
inline void set(Values& values, const std::vector<dicom::Tag>& wanted, dicom::Tag tag,
                const std::string& text) {
    values.resize(wanted.size());
    const auto at = std::ranges::find(wanted, tag);
    if (at != wanted.end()) values[static_cast<std::size_t>(at - wanted.begin())] = text;
}

/// Of each UID another one.
inline objects::ObjectId file_of(const std::string& uid) {
    return objects::ObjectId{static_cast<std::int64_t>(xxh3(as_bytes(uid)) >> 2) + 1};
}

inline InstanceDocument instance_of(const Given& given, const std::string& uid, int number,
                                    const std::vector<dicom::Tag>& wanted) {
    Values values;
    set(values, wanted, dicom::tags::InstanceNumber, std::to_string(number));
    set(values, wanted, dicom::tags::WindowCenter, "00040.0000000000\\0400");
    set(values, wanted, dicom::tags::ImageType, given.image_type);
    return {.sop_instance_uid = uid,
            .file = file_of(uid),
            .frames = given.frames,
            .values = std::move(values)};
}

inline ImageSetDocument document(const Given& given, Wanted wanted) {
    ImageSetDocument made;
    made.wanted = std::move(wanted);
    const auto at = [&](Level level) -> const auto& { return made.wanted.at(level); };
    made.datastore_id = std::string(32, 'd');
    made.image_set_id = given.id;
    made.version = given.version;
    made.is_primary = given.is_primary;
    made.is_deleted = given.is_deleted;
    made.as_of = {.epoch = given.epoch, .sequence = given.sequence};
    made.study_instance_uid = given.study;
    made.series_instance_uid = given.series;
    made.patient_id = given.patient_id;
    set(made.patient, at(Level::Patient), dicom::tags::PatientName, given.patient_name);
    set(made.study, at(Level::Study), dicom::tags::StudyDate, given.date);
    set(made.study, at(Level::Study), dicom::tags::StudyTime, "072730.5");
    set(made.series, at(Level::Series), dicom::tags::Modality, "CT");
    if (!given.is_deleted && made.wanted.labels) made.labels = given.labels;
    int number = 0;
    for (const auto& uid : given.instances) {
        made.instances.push_back(instance_of(given, uid, ++number, at(Level::Instance)));
    }
    return made;
}

/// Rows as text, NULL where there is no value.
inline std::vector<std::string> lines_of(
    const std::vector<std::vector<std::optional<std::string>>>& rows) {
    std::vector<std::string> lines;
    for (const auto& row : rows) {
        std::string line;
        for (const auto& value : row) {
            if (!line.empty()) line += ' ';
            line += value.value_or("NULL");
        }
        lines.push_back(std::move(line));
    }
    return lines;
}

/// Three image sets of two studies of one patient, as they were at each change.
inline std::vector<Given> history() {
    const std::string a(32, 'a');
    const std::string b(32, 'b');
    const std::string c(32, 'c');
    const Given second{.id = b, .sequence = 2, .series = "1.2.1.2", .instances = {"1.2.1.2.1"}};
    const Given third{.id = c,
                      .sequence = 4,
                      .study = "1.2.2",
                      .date = "20050101",
                      .series = "1.2.2.1",
                      .instances = {"1.2.2.1.1"}};
    return {{.id = a},
            second,
            {.id = a, .version = 2, .sequence = 3, .instances = {"1.2.1.1.1"}},
            third,
            {.id = b,
             .version = 2,
             .sequence = 5,
             .patient_name = "NEW^NAME",
             .date = "20040301",
             .series = "1.2.1.2",
             .instances = {"1.2.1.2.1", "1.2.1.1.2"}},
            {.id = c,
             .version = 2,
             .sequence = 6,
             .is_deleted = true,
             .patient_name = "NEW^NAME",
             .study = "",
             .series = "",
             .instances = {}}};
}

}  // namespace larmor::index::testing
