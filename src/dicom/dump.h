#pragma once
#include <cstddef>
#include <string>

#include "dicom/file.h"

namespace larmor::dicom {

struct DumpOptions {
    std::size_t preview_max_bytes = 64;  ///< of a value
    bool offsets = true;                 ///< in hex, from the start of the (inflated) data set
};

/// Appends one line for each token: offset, tag, VR, length, keyword, preview of the value;
/// items and sequences are indented. The meta group comes first. Text is shown as stored, bytes
/// that are no printable ASCII or valid UTF-8 as \xHH. On an error everything before it has
/// been written. Errors: those of Reader.
Result<void> dump_text(const File& file, std::string& out, const DumpOptions& options = {});

}  // namespace larmor::dicom
