#pragma once
#include <optional>
#include <string>
#include <vector>

#include "index/document.h"
#include "index/search/field.h"

namespace larmor::index::search {

/// What searches keep of one image set: it says everything about itself, its study and its
/// patient, so that no row is shared and none is ever counted twice.
struct SetRow {
    bool is_shown = false;  ///< primary and not deleted
    Values values;          ///< in the order of fields_of_sets(), in the form of normal_value
    std::vector<std::string> patient_name;    ///< words, each once, sorted
    std::vector<std::string> physician_name;  ///< the referring one
    std::vector<std::string> words;           ///< of all else
};
SetRow make_set_row(const ImageSetDocument& document);

/// The fields of level Instance: SOP Instance UID first, then as the document has them.
Values make_instance_row(const ImageSetDocument& document, const InstanceDocument& instance);

/// How a value is kept and compared: dates as YYYYMMDD, numbers in digits. Nothing for a
/// number that is none.
std::optional<std::string> normal_value(const Field& field, std::string_view value);

}  // namespace larmor::index::search
