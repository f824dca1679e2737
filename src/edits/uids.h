#pragma once
#include <optional>
#include <string>

#include "edits/change.h"

namespace larmor::edits {

/// Whether one of the changes is of Study, Series or SOP Instance UID of the data set itself.
bool touch_uids(const Changes& changes);

/// The UID that a change of such an attribute sets; nothing where it sets none that can be one.
std::optional<std::string> uid_of(const Change& change);
/// The last that is made of the attribute by the changes; nothing where it is not changed.
std::optional<std::string> last_uid(const Changes& changes, dicom::Tag tag);

/// The element as changes have it. `uid` is digits and dots.
std::string uid_element(std::string_view uid);

}  // namespace larmor::edits
