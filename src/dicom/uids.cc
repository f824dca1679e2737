#include "dicom/uids.h"

#include <algorithm>

#include "dicom/dictionary_data.h"

namespace larmor::dicom {

std::optional<UidEntry> find_uid(std::string_view uid) {
    while (!uid.empty() && (uid.back() == ' ' || uid.back() == '\0')) uid.remove_suffix(1);
    const auto found =
        std::ranges::lower_bound(dictionary_data::kUids, uid, {}, &UidEntry::uid);
    if (found == dictionary_data::kUids.end() || found->uid != uid) return std::nullopt;
    return *found;
}

}  // namespace larmor::dicom
