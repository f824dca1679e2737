#pragma once
#include <memory>

#include "archive/archive.h"

namespace larmor::archive {

/// A tar read once, from front to back: ustar, pax (path, size, linkpath; global ones too), GNU
/// (long names and links, base-256 numbers), star and old V7. Every header's checksum is
/// verified; after damage the reader looks for the next header, one with the magic of ustar at
/// any byte, and notes what it passed over.
/// Zeros between members are passed over, so that `cat a.tar b.tar` is read whole, and noted:
/// as a remark where they may be the end of an archive, since members that were overwritten
/// look the same. So are zeros at the end that are neither two blocks nor fill a record of 20:
/// as a remark where they fill another one. A missing end is noted, half of one as a remark.
/// Sparse members (old GNU; GNU in pax 0.0, 0.1 and 1.0) are given with their holes; one whose
/// map lies, or which is mostly hole beyond all limits, is Unreadable. A hard link is given as
/// the file before it that it leads to, read once more where the source allows it; else it is a
/// Link with a `problem`. Members continued from another volume are Unreadable.
/// Errors of `next`, beyond Reader's: InvalidInput where the first block is no tar header.
/// Source: POSIX.1-2017 `pax`, extended description; GNU tar manual, appendices D and "Sparse
/// Formats".
std::unique_ptr<Reader> read_tar(std::unique_ptr<Source> source, const Limits& limits = {});

/// Opens what shall be a tar, compressed or not: as `open` does, but zeros alone are a tar that
/// has no members.
Result<std::unique_ptr<Reader>> open_tar(std::unique_ptr<Source> source,
                                         const Limits& limits = {});

/// True for a block of 512 bytes with a right checksum.
bool is_tar_header(Bytes block);

}  // namespace larmor::archive
