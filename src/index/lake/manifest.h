#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "index/lake/columns.h"

namespace larmor::index::lake {

/// One Parquet file. Its name is never given twice, and its bytes never change.
struct DataFile {
    Table table = Table::Patient;
    std::string month;  ///< `2004-01` or `other`: the partition
    std::string id;     ///< 16 hexadecimal digits, random
    std::int64_t rows = 0;
    std::int64_t bytes = 0;
    friend bool operator==(const DataFile&, const DataFile&) = default;
};
/// `instance/study_month=2004-01/00c0ffee00c0ffee.parquet`, below the lake.
std::string path_of(const DataFile& file);
std::string new_file_id();

/// All files that make the lake at one moment (docs/formats/lake.md). Number 0 is an empty one
/// that nobody wrote.
struct Manifest {
    std::int64_t number = 0;
    std::vector<DataFile> files;  ///< by table, month and id
    friend bool operator==(const Manifest&, const Manifest&) = default;
};

/// The one that follows: without files of which `replaced` has the id, with those that were
/// written.
Manifest manifest_after(const Manifest& base, const std::set<std::string>& replaced,
                        const std::vector<DataFile>& written);

std::string to_json(const Manifest& manifest);
/// Errors: Corrupt, with what is wrong; Unsupported for a format that is newer than ours.
Result<Manifest> parse_manifest(std::string_view json);

/// `_larmor/manifests/0000000000000012.json`
std::string manifest_name(std::int64_t number);
/// Nothing for a name that is none of those.
std::optional<std::int64_t> manifest_number(std::string_view name);
inline constexpr std::string_view kManifests = "_larmor/manifests/";
/// What readers read: the newest manifest, and the same as views for DuckDB.
inline constexpr const char* kPublicManifest = "manifest.json";
inline constexpr const char* kPublicViews = "lake.sql";

/// A view of each table; `root` is put before each path.
std::string views_of(const Manifest& manifest, std::string_view root);

}  // namespace larmor::index::lake
