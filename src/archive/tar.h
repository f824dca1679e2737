#pragma once
#include <memory>

#include "archive/archive.h"

namespace larmor::archive {

/// A tar read once, from front to back: ustar, pax (path, size, linkpath; global ones too), GNU
/// (long names and links, base-256 numbers), star and old V7. Every header's checksum is
/// verified; after damage the reader looks for the next header, one with the magic of ustar at
/// any byte, and notes what it passed over.
/// Zero blocks between members are skipped, so that `cat a.tar b.tar` is read whole. A missing
/// end is noted. Sparse members and members continued from another volume are Unreadable.
/// Errors of `next`, beyond Reader's: InvalidInput where the first block is no tar header.
/// Source: POSIX.1-2017 `pax`, extended description; GNU tar manual, appendix D.
std::unique_ptr<Reader> read_tar(std::unique_ptr<Source> source, const Limits& limits = {});

/// True for a block of 512 bytes with a right checksum.
bool is_tar_header(Bytes block);

}  // namespace larmor::archive
