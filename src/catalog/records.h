#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/hash.h"
#include "objects/object_store.h"

namespace larmor::catalog {

/// Row numbers: they hold inside one library, for as long as the row stands.
enum class PatientRow : std::int64_t {};
enum class StudyRow : std::int64_t {};
enum class SeriesRow : std::int64_t {};
enum class ImageSetRow : std::int64_t {};
enum class InstanceRow : std::int64_t {};
template <typename Row>
constexpr std::int64_t number_of(Row row) {
    return static_cast<std::int64_t>(row);
}

/// Text is UTF-8 without padding; an empty string is an absent or empty attribute. Dates are
/// YYYYMMDD and times HHMMSS[.F], as DA and TM say; others are kept but never match a range.
struct PatientAttributes {
    std::string patient_id;
    std::string issuer_of_patient_id;
    std::string patient_name;
    std::string patient_birth_date;
    std::string patient_sex;
    friend bool operator==(const PatientAttributes&, const PatientAttributes&) = default;
};

struct StudyAttributes {
    std::string study_instance_uid;
    std::string study_date;
    std::string study_time;
    std::string accession_number;
    std::string referring_physician_name;
    std::string study_id;
    std::string study_description;
    std::string timezone_offset_from_utc;
    friend bool operator==(const StudyAttributes&, const StudyAttributes&) = default;
};

/// An item of RequestAttributesSequence.
struct RequestAttributes {
    std::string scheduled_procedure_step_id;
    std::string requested_procedure_id;
    friend bool operator==(const RequestAttributes&, const RequestAttributes&) = default;
};

struct SeriesAttributes {
    std::string series_instance_uid;
    std::string modality;
    std::optional<std::int64_t> series_number;
    std::string series_description;
    std::string series_date;
    std::string body_part_examined;
    std::string laterality;
    std::string performed_procedure_step_start_date;
    std::string performed_procedure_step_start_time;
    std::vector<RequestAttributes> requests;  ///< in the order of the sequence
    friend bool operator==(const SeriesAttributes&, const SeriesAttributes&) = default;
};

struct InstanceAttributes {
    std::string sop_class_uid;
    std::string sop_instance_uid;
    std::optional<std::int64_t> instance_number;
    std::optional<std::int64_t> number_of_frames;
    std::optional<std::int64_t> rows;
    std::optional<std::int64_t> columns;
    std::optional<std::int64_t> bits_allocated;
    friend bool operator==(const InstanceAttributes&, const InstanceAttributes&) = default;
};

/// The stored bytes of an instance.
struct StoredFile {
    objects::ObjectId object{};
    std::string transfer_syntax_uid;
    std::uint64_t size_bytes = 0;
    Sha256 sha256{};        ///< of the file as it came
    Sha256 content_hash{};  ///< of the data set without meta, group lengths and padding, as the
                            ///< caller defines it; zeros where it was not computed
};

/// Everything that `insert_instance` needs.
struct InstanceRecord {
    PatientAttributes patient;
    StudyAttributes study;
    SeriesAttributes series;
    InstanceAttributes instance;
    StoredFile file;
};

enum class PreprocessState : std::uint8_t { Pending = 0, Done = 1, Failed = 2 };

/// What preprocess made of an instance. An object id of zero means that there is none.
struct PreparedInstance {
    objects::ObjectId metadata{};     ///< DICOM JSON of WADO-RS metadata
    objects::ObjectId frame_index{};  ///< byte ranges of the frames
    objects::ObjectId thumbnail{};
    std::optional<double> pixel_min;  ///< stored values after the modality transform
    std::optional<double> pixel_max;
    std::optional<double> window_center;
    std::optional<double> window_width;
};

enum class ImageSetState : std::uint8_t { Active = 0, Locked = 1, Deleted = 2 };

struct ImageSet {
    ImageSetRow row{};
    std::string id;  ///< 32 characters
    StudyRow study{};
    SeriesRow series{};
    bool is_primary = true;
    ImageSetState state = ImageSetState::Active;
    std::string workflow_status;  ///< CREATED, UPDATED, ... (HealthImaging)
    std::int64_t latest_version = 0;
    Time created;
    Time updated;
    std::int64_t edited_version = 0;  ///< the last one that changed metadata; 0: none did
};

struct ImageSetVersion {
    std::int64_t version = 0;
    Time created;
    std::string cause;  ///< `import`, `edit`, `revert`, `copy`, `demote`, `delete`, `recover`
    std::int64_t number_of_instances = 0;
    bool forced = false;
};

/// What one reads of an instance: enough to answer WADO-RS without another query.
struct StoredInstance {
    InstanceRow row{};
    ImageSetRow image_set{};
    SeriesRow series{};
    StudyRow study{};
    bool is_primary = true;
    std::string study_instance_uid;
    std::string series_instance_uid;
    InstanceAttributes attributes;
    StoredFile file;
    std::int64_t first_version = 0;   ///< of its image set
    std::int64_t edited_version = 0;  ///< of its image set, as there
    Time created;
    PreprocessState preprocess = PreprocessState::Pending;
    std::string preprocess_reason;  ///< why it failed, or why it has no picture
    PreparedInstance prepared;
};

/// The same data set in another encoding: the first that came stays primary.
struct Alternate {
    std::int64_t row = 0;
    StoredFile file;
    Time created;
};

struct StoredStudy {
    StudyRow row{};
    PatientRow patient_row{};
    PatientAttributes patient;
    StudyAttributes study;
    std::vector<std::string> modalities_in_study;  ///< sorted
    std::int64_t number_of_study_related_series = 0;
    std::int64_t number_of_study_related_instances = 0;
    std::int64_t version = 0;  ///< rises with every change of one of its image sets
    Time created;
    Time updated;
    objects::ObjectId thumbnail{};  ///< of its first series that has one
};

struct StoredSeries {
    SeriesRow row{};
    StudyRow study{};
    std::string study_instance_uid;
    SeriesAttributes series;
    ImageSet image_set;  ///< the primary one
    std::int64_t number_of_series_related_instances = 0;
    /// The merged metadata, if it was made; stale where its version is below the image set's.
    objects::ObjectId metadata{};
    std::int64_t metadata_version = 0;
    objects::ObjectId thumbnail{};
    std::int64_t thumbnail_version = 0;
    bool metadata_is_fresh() const {
        return objects::to_int64(metadata) != 0 && metadata_version == image_set.latest_version;
    }
};

}  // namespace larmor::catalog
