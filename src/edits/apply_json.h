#pragma once
#include <string>
#include <string_view>

#include "edits/change.h"

namespace larmor::edits {

/// Makes the changes, in their order, in one object of the DICOM JSON model as
/// dicom::write_json writes it: what is not changed goes on as it stands. Missing sequences are
/// made; the item behind the last one too, while a change of an item further on does nothing,
/// since the same changes are made in many instances. The metadata gets what a changed file
/// gets: see apply_to_data_set. Errors: Corrupt where `object` is none.
enum class OriginalAttributes : bool { Leave, Add };
Result<std::string> apply_to_json(std::string_view object, const Changes& changes,
                                  OriginalAttributes original = OriginalAttributes::Add);

/// Changes inside of one element: `{"vr":"SQ","Value":[...]}`, or empty where it is not there.
/// All of them have the same outermost element. Empty: it is removed.
Result<std::string> apply_to_element(std::string_view element, const Changes& changes);

}  // namespace larmor::edits
