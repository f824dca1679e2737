#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/hash.h"
#include "objects/object_store.h"

namespace larmor::backup {

/// What is where in the folder of a backup; docs/formats/backup.md.
struct Layout {
    std::filesystem::path directory;

    std::filesystem::path manifest() const { return directory / "manifest"; }
    std::filesystem::path owner() const { return directory / "owner"; }
    std::filesystem::path rows_folder() const { return directory / "rows"; }
    std::filesystem::path segments_folder() const { return directory / "segments"; }
    std::filesystem::path files_folder() const { return directory / "files"; }

    std::filesystem::path audit_folder() const { return directory / "audit"; }

    std::filesystem::path rows(std::int64_t number) const;
    /// A sealed segment is copied once, one that grows with every backup.
    std::filesystem::path sealed_segment(std::int64_t segment) const;
    std::filesystem::path open_segment(std::int64_t segment, std::int64_t number) const;
    /// Below files_folder: the hash is in the name, so that what has the name has the bytes.
    static std::filesystem::path file_name(const objects::ObjectLocation& location);
};

/// The last complete backup of a folder.
struct Manifest {
    std::int64_t number = 0;
    std::string created;  ///< ISO 8601
    std::uint64_t rows_bytes = 0;
    Sha256 rows_sha256{};
    /// How far the audit trail had come; empty where there was none, or it was damaged.
    std::string audit_anchor;
};

/// Nothing where there is no backup yet. Errors: Corrupt, Unavailable.
Result<std::optional<Manifest>> read_manifest(const Layout& layout);
/// Durable, and whole at every moment.
Result<void> write_manifest(const Layout& layout, const Manifest& manifest);

/// Whose backups a folder holds. A library that was restored is another one: its segments have
/// the numbers of the first one's.
struct Owner {
    std::string store;  ///< in hex
    std::int64_t epoch = 0;
    friend bool operator==(const Owner&, const Owner&) = default;
};
/// Errors: Conflict where it is somebody else's.
Result<void> claim(const Layout& layout, const Owner& owner);

}  // namespace larmor::backup
