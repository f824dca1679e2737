#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "dicom/tag.h"
#include "events/event.h"

namespace larmor::index {

enum class Level : std::uint8_t { Patient = 0, Study = 1, Series = 2, Instance = 3, Frame = 4 };
inline constexpr std::size_t kLevelCount = 4;  ///< that have attributes: all but frames

/// What a target keeps of an image set.
struct Wanted {
    /// The attributes at each level, each tag once, in rising order.
    std::array<std::vector<dicom::Tag>, kLevelCount> tags;
    bool labels = false;  ///< the words that users put to it
    const std::vector<dicom::Tag>& at(Level level) const {
        return tags[static_cast<std::size_t>(level)];
    }
    friend bool operator==(const Wanted&, const Wanted&) = default;
};

/// In the order of Wanted. UTF-8 without padding, values of one attribute with `\` between
/// them, a name with its groups as PN has them (`Yamada^Tarou=山田^太郎`). Nothing for an
/// attribute that is absent or empty, and for sequences and binary.
using Values = std::vector<std::optional<std::string>>;

struct InstanceDocument {
    catalog::InstanceRow row{};
    std::string sop_instance_uid;
    objects::ObjectId file{};  ///< with the number of a frame, what its id stands for
    std::uint32_t frames = 0;  ///< 0 for an instance without images
    Values values;
};

/// All that a target keeps of an image set and of what it shares with others, as the catalog
/// has it at one moment.
struct ImageSetDocument {
    Wanted wanted;  ///< what it has values of
    std::string datastore_id;
    std::string image_set_id;
    std::int64_t version = 0;
    bool is_primary = true;
    /// It has no instances then; study and series may still be shown by other image sets.
    bool is_deleted = false;
    /// Of a rebuild: all of it is to be written, also where the target says to have this
    /// version.
    bool is_again = false;
    /// Where the log stood: what is shared is as it was then, or later. Of two documents the
    /// one with the higher position is the newer.
    events::Position as_of;
    std::string study_instance_uid;  ///< empty where nothing of the study is shown any more
    /// Empty: none. There also where nothing of the study is shown any more, but others of the
    /// patient are: then the patient's values may have changed too.
    std::string patient_id;
    std::string issuer_of_patient_id;
    Values patient;
    Values study;
    std::string series_instance_uid;  ///< empty where nothing of the series is shown any more
    Values series;
    catalog::Tags labels;                     ///< where they are wanted
    std::vector<InstanceDocument> instances;  ///< in the order in which they came
};

}  // namespace larmor::index
