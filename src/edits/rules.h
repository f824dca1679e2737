#pragma once
#include <cstdint>

#include "base/result.h"
#include "dicom/tag.h"
#include "edits/path.h"

namespace larmor::edits {

/// Where an attribute belongs: patient and study modules to the study (PS3.3 sections C.7.1 and
/// C.7.2), series, equipment and frame of reference to the series (C.7.3 to C.7.5), everything
/// else, private elements too, to the instance. Of an attribute inside a sequence that of the
/// outermost one decides.
enum class Level : std::uint8_t { Study, Series, Instance };
Level level_of(dicom::Tag tag);

enum class Rule : std::uint8_t {
    Free,
    /// Study ID: only where it is said that it is meant, as the service has it.
    NeedsForce,
    /// Study, Series and SOP Instance UID say where an instance is found: only with force, and
    /// not in what is shown to all (see check_rules).
    Identifies,
    /// SOP Class and Specific Character Set, group 0002, what describes or is pixels, overlays,
    /// curves or waveforms, and Original Attributes Sequence, which says what was edited.
    Never,
};
Rule rule_of(const Path& path);

}  // namespace larmor::edits
