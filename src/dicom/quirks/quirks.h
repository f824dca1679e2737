#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "dicom/transfer_syntax.h"

namespace larmor::dicom {

/// One known way in which makers break the standard, and how to mend it. A repair never runs
/// by itself: a caller who met an error of Reader names the repairs that it accepts.
struct Quirk {
    std::string_view name;         ///< stable: `truncated_value`
    std::string_view description;  ///< what it does to the data set
};

/// All that we know, in the order in which they are tried.
std::span<const Quirk> all_quirks();

struct Repaired {
    ByteBuffer data_set;                   ///< readable from start to end
    Encoding encoding;                     ///< may differ from the input's
    std::vector<std::string_view> quirks;  ///< the names of those applied, in order
};

/// Mends a data set that Reader refuses. `accepted` are names from `all_quirks`.
/// Errors: the Reader's error that no accepted repair could mend; InvalidInput for an unknown
/// name.
Result<Repaired> repair(Bytes data_set, Encoding encoding,
                        std::span<const std::string_view> accepted);

}  // namespace larmor::dicom
