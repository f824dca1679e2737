#pragma once
#include <map>
#include <string>

#include "base/result.h"
#include "dicom/tag.h"
#include "healthimaging/levels.h"

namespace larmor::healthimaging {

/// Attributes of one level as members of a JSON object, `"PatientID":"1CT1"`, and the VR of
/// each that is not told by the data dictionary, `"00091001":"LO"`.
struct Attribute {
    std::string member;
    std::string vr_member{};  ///< mostly empty; of a sequence, those of its items too
    friend bool operator==(const Attribute&, const Attribute&) = default;
};
using Attributes = std::map<dicom::Tag, Attribute>;

/// Those of one instance by level.
struct LeveledAttributes {
    Attributes patient;
    Attributes study;
    Attributes series;
    Attributes instance;
};

/// Reads one object of the DICOM JSON model (PS3.18 annex F) as dicom::write_json writes it,
/// and makes HealthImaging's form of it: keywords for tags, tags for private attributes; a
/// value alone where the attribute's multiplicity is 1, else an array; null for an empty one;
/// names as PN has them; DS and IS as text with the blank that makes their length even, as in a
/// file; binary in base64, or `{"BulkDataURI":...}` where it is served by itself; Pixel Data
/// and what points into it left out. Takes the string by reference since the parser pads it.
/// Errors: InvalidInput where it is no such object.
Result<LeveledAttributes> read_leveled(std::string& json);

}  // namespace larmor::healthimaging
