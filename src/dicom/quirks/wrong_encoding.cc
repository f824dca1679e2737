// Shown by SC_rgb_jpeg.dcm: declares JPEG Baseline, so Explicit VR, and is written in Implicit
// VR.
#include <algorithm>
#include <array>

#include "dicom/guess_encoding.h"
#include "dicom/quirks/repairs.h"

namespace larmor::dicom::quirks {

bool mend_wrong_encoding(UnderRepair& it, const Failure&) {
    if (looks_like(it.data_set, it.encoding)) return false;
    static constexpr std::array kCandidates{kExplicitLittle, kImplicitLittle, kExplicitBig};
    const auto* found = std::ranges::find_if(
        kCandidates, [&](Encoding encoding) { return looks_like(it.data_set, encoding); });
    if (found == kCandidates.end()) return false;
    it.encoding = *found;
    return true;
}

}  // namespace larmor::dicom::quirks
