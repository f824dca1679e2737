#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "objects/s3/client.h"

namespace larmor::reassembly::run {

/// An archive of one side. Its key is its path as found, or `s3://BUCKET/KEY`; its number is
/// its place in the list.
struct ArchiveFile {
    std::string key;
    std::uint64_t size_bytes = 0;
    std::int64_t modified_ns = 0;  ///< since the epoch of the file clock; 0 in S3
    std::string etag;              ///< in S3
    std::shared_ptr<objects::s3::Client> bucket;  ///< in S3
    std::string name;                             ///< in the bucket
    bool is_cold = false;                         ///< readable only after a restore
    friend bool operator==(const ArchiveFile&, const ArchiveFile&) = default;
};

/// The archives that `paths` name, each once, in the order of their keys: files as they are,
/// and below folders those whose name ends as that of an archive (.tar, .tar.gz, .tgz,
/// .tar.zst, .tzst). Symbolic links to folders are not followed. An address in S3 is that of an
/// archive, or of all below it whose name ends so. Errors: NotFound for what isn't there;
/// LimitExceeded over 2^32 - 1 of them; those of reading folders and of S3.
Result<std::vector<ArchiveFile>> list_archives(const std::vector<std::filesystem::path>& paths);

}  // namespace larmor::reassembly::run
