#pragma once
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "archive/compressor.h"
#include "base/bytes.h"
#include "base/file.h"

namespace larmor::reassembly::split {

/// Where a member was put.
struct PutMember {
    std::string archive;       ///< file name
    std::uint64_t offset = 0;  ///< of its bytes, in the uncompressed archive
};

/// Tar archives of one kind in a folder, written at the same time: `image-00001.tar`,
/// `metadata-00002.tar.zst`, ...
class ArchiveSet {
public:
    /// Makes the files; they must not be there. Errors: Conflict, NoSpace, Unavailable.
    static Result<ArchiveSet> create(const std::filesystem::path& folder, std::string_view kind,
                                     std::uint32_t count, archive::Compression compression);

    std::uint32_t count() const { return static_cast<std::uint32_t>(archives_.size()); }
    Result<PutMember> put(std::uint32_t archive, const std::string& path, Bytes bytes);
    /// Ends all of them.
    Result<void> finish();
    /// Cuts the file of an archive, after `finish`, to this part of its size, in thousandths.
    Result<void> truncate(std::uint32_t archive, std::uint32_t permille);
    std::string name_of(std::uint32_t archive) const;

private:
    struct Archive {
        std::filesystem::path path;
        UniqueFd file;
        std::unique_ptr<archive::Compressor> compressor;
        std::uint64_t written = 0;  ///< before compression
    };
    static Result<void> write(Archive& archive, std::string_view text);

    std::vector<Archive> archives_;
};

}  // namespace larmor::reassembly::split
