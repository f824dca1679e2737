#pragma once
#include <string>
#include <string_view>

#include "catalog/records.h"
#include "healthimaging/instance_json.h"
#include "preprocess/image_frames.h"

namespace larmor::healthimaging {

/// Writes the metadata of one version of an image set as HealthImaging has them, piece by
/// piece: what is said of patient, study and series is taken from the first instance. Where
/// another instance says something else, that stands in its own DICOM, so that nothing is lost.
/// Memory does not grow with the number of instances. Source: AWS HealthImaging developer
/// guide, GetImageSetMetadata, SchemaVersion 1.1.
class MetadataDocument {
public:
    MetadataDocument(std::string datastore_id, std::string image_set_id)
        : datastore_id_(std::move(datastore_id)), image_set_id_(std::move(image_set_id)) {}

    /// Appends the next instance to `out`, and before the first one what comes before it.
    /// `json` is its metadata as of the version (DICOM JSON model; the parser pads it).
    /// Errors: InvalidInput where that is no such object; then nothing is appended.
    Result<void> add(const catalog::StoredInstance& instance, std::string& json,
                     const preprocess::ImageFrames& frames, std::string& out);
    /// Appends what comes behind the last instance, of which there must be one.
    void end(std::string& out);

private:
    void begin(const LeveledAttributes& first, std::string_view series_uid, std::string& out);
    void append_frames(const catalog::StoredInstance& instance,
                       const preprocess::ImageFrames& frames, std::string& out) const;

    std::string datastore_id_;
    std::string image_set_id_;
    bool begun_ = false;
    bool some_ = false;
    Attributes patient_;
    Attributes study_;
    Attributes series_;
};

}  // namespace larmor::healthimaging
