#pragma once
#include <memory>

#include "archive/archive.h"

namespace larmor::archive {

/// A zip by its central directory, with zip64, in the directory's order, one entry in memory at
/// a time. Stored and deflated members are read and their CRC-32 verified; encrypted ones and
/// other methods are Unreadable. Where the directory and a member's own header disagree about
/// where it is, the member is Unreadable.
/// Errors: InvalidInput where there is no end record, or the directory is beyond the file.
/// Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
Result<std::unique_ptr<Reader>> read_zip(std::unique_ptr<RandomAccess> input,
                                         const Limits& limits = {});

}  // namespace larmor::archive
