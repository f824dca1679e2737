#pragma once
#include <optional>
#include <string>

#include "archive/archive.h"

namespace larmor::archive {

/// Where the central directory lies, from the end records of a zip.
struct ZipDirectory {
    std::uint64_t offset = 0;  ///< in the file
    std::uint64_t size_bytes = 0;
    std::uint64_t entries = 0;  ///< as declared
    /// What stands before the zip, as in a self-extracting one: every offset counts from here.
    std::uint64_t base = 0;
};

/// Errors: InvalidInput where there is no end record or the directory is beyond the file;
/// Unsupported for a zip in several volumes. Source: APPNOTE 4.3.14 to 4.3.16.
Result<ZipDirectory> find_zip_directory(RandomAccess& input);

/// One entry of the central directory. Source: APPNOTE 4.3.12 and 4.5.3 (zip64).
struct ZipEntry {
    std::string path;
    std::uint16_t flags = 0;
    std::uint16_t method = 0;
    std::uint32_t crc = 0;
    std::uint64_t compressed_bytes = 0;
    std::uint64_t size_bytes = 0;
    std::uint64_t header_offset = 0;  ///< of its local header, from `ZipDirectory::base`
    bool symbolic_link = false;
    std::uint64_t next = 0;  ///< where the next entry starts, in the file

    bool encrypted() const { return (flags & 1) != 0; }
};

/// Reads the entry at `offset`; nothing behind the last one.
/// Errors: InvalidInput with the offset.
Result<std::optional<ZipEntry>> read_zip_entry(RandomAccess& input,
                                               const ZipDirectory& directory,
                                               std::uint64_t offset);

/// Where the bytes of an entry start, behind its local header (APPNOTE 4.3.7).
/// Errors: InvalidInput where there is no such header or the bytes end beyond the file.
Result<std::uint64_t> locate_zip_data(RandomAccess& input, const ZipDirectory& directory,
                                      const ZipEntry& entry);

}  // namespace larmor::archive
